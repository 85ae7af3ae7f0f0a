"""The words that name a view of a picture, in the languages and the catalogues that they come in."""

from __future__ import annotations

from typing import Final

VIEW_WORDS: Final[dict[str, str]] = {
    "front": """front fronts frontal frontview frontside frnt fronte face avant devant frente delante delantera davanti
        vorne vorn vorderseite vorderansicht frontansicht frontseite voor voorkant voorzijde vooraanzicht framsida
        framifrån forside forfra przód zepředu předek ön спереди перед фронт 正面 前面 정면 앞면""",
    "back": """back backs rear backview backside rearview hinten rückseite rückansicht hinteransicht heck
        arrière dos derrière trasera trasero atrás detrás posterior espalda retro dietro costas traseira
        achter achterkant achterzijde achteraanzicht bak baksida bakifrån bagside bakside bagfra bakfra tył zezadu arka
        сзади зад 背面 后面 後面 뒷면""",
    "side": """side sides sideview profile seite seitlich seitenansicht seitlings côté profil latéral lado lateral lato
        laterale zijkant zijaanzicht zijde sida sidan bok сбоку 侧面 側面 측면""",
    "left": """left leftview leftside links linke linksseitig gauche izquierda izquierdo sinistra sinistro
        esquerda esquerdo vänster venstre lewo lewa lewy zleva слева 左 左侧 左側 左侧面""",
    "right": """right rightview rightside rght rechts rechte droite derecha derecho destra destro direita direito höger
        højre høyre prawo prawa prawy zprava sağ справа 右 右侧 右側 右侧面""",
    "top": """top tops topview topp topdown overhead birdseye oben oberseite draufsicht aufsicht dessus arriba superior
        cenital sopra topo cima bovenkant bovenaanzicht boven ovan ovanifrån oppefra góra shora üst сверху
        顶部 顶视 俯视 上面 平面""",
    "bottom": """bottom bottoms bottomview bott underside unten unterseite untersicht dessous abajo inferior sotto
        embaixo baixo onderkant onderzijde onderaanzicht undersida underside dół spód zdola снизу 底部 底面 下面""",
    "detail": """detail details detailview detailansicht détail détails detalle detalles dettaglio dettagli detalhe
        detalhes detalj detalje detal szczegół detay деталь детали 细节 細節 ディテール""",
    "closeup": """closeup closeups macro makro nahaufnahme nahansicht grosplan primerplano primopiano zbliżenie
        特写 アップ""",
    "angle": """angle angled schräg schrägansicht diagonal""",
    "iso": "iso",
    "isometric": "isometric isometry isometrisch isometrie isometrico isometrica isométrique isométrica",
    "perspective": "perspective persp perspektive perspectiva prospettiva perspectief perspektiv перспектива 透视",
    "hero": "hero heroshot",
    "3q": "3q threequarter threequarters dreiviertel 3qtr quarterview",
    "main": "main mainimage hauptbild",
    "inside": "inside interior innen innenansicht intérieur binnenkant",
    "lifestyle": "lifestyle ambiente ambiance insitu milieu sfeerbeeld",
    "packshot": "packshot freisteller",
    "swatch": "swatch swch",
    "packaging": "packaging verpackung emballage verpakking embalaje imballaggio embalagem",
}
"""Words in small letters. Letters with marks are also found without them, and with `ae` for `ä`."""

SEVERAL_WORDS: Final[dict[tuple[str, ...], str]] = {
    ("close", "up"): "closeup",
    ("gros", "plan"): "closeup",
    ("top", "down"): "top",
    ("birds", "eye"): "top",
    ("dall", "alto"): "top",
    ("three", "quarter"): "3q",
    ("3", "quarter"): "3q",
    ("3", "4"): "3q",
    ("in", "situ"): "lifestyle",
}
"""Views of several words, as they stand between separators."""

VIEW_NOUNS: Final = frozenset(
    "view views ansicht ansichten vue vista vistas veduta aanzicht vy widok вид shot angle kamera camera cam".split()
)
"""`Chair_Front_View` is the view before it, `Chair_View_2` a view of its own."""

FILLERS: Final = frozenset("from the von der de du la le del della dall da van of d".split())
"""`Vue de face`, `vista dall'alto`: words between a noun and its view."""

GENERIC: Final = frozenset(("side",))
"""Says nothing beside another view: `Left_Side` is the left."""

GS1_FACINGS: Final = {"1": "front", "2": "left", "3": "top", "7": "back", "8": "right", "9": "bottom"}
"""The second character of a GS1 image code (`00012345678905_A1C1`)."""
GS1_ANGLES: Final = {"L": "-left", "R": "-right"}
"""The third, as far as it makes a view of its own."""

ENDINGS: Final = frozenset(
    """final finals finale fertig fin def definitive draft entwurf brouillon borrador bozza wip test neu new old alt
    edit edited edt bearbeitet retouched retouch retusche retuschiert retouche ret korr korrigiert corrected
    version ver rev revision approved freigabe ok
    copy kopie copie copia kopia cópia kopio копия
    web print druck cmyk rgb srgb adobergb alpha transparent transparency nobg bgremoved cutout clipped isolated
    white weiss weiß bg background hintergrund removebg preview
    thumb thumbnail small medium large big huge grande master original orig full hires highres hi res lowres low high
    hd fhd uhd qhd sd xl xxl hq lq px dpi scaled cropped crop resized resize compressed optimized min upscaled
    enhanced progressive
    beauty ao depth zdepth normal normals mask diffuse albedo specular roughness reflection refraction shadow shadows
    matte cryptomatte lighting denoised denoise raw pass render rendering renders rendered image img pic photo foto
    bild picture standard hover hdr day night""".split()
)
"""What editors, exporters, shops and renderers write behind the view; it is no part of what is seen."""

COLOURS: Final = frozenset(
    """red blue green yellow black white grey gray brown orange pink purple violet beige navy gold silver cream ivory
    rot blau grün gelb schwarz weiß weiss grau braun rosa lila türkis gold silber creme natur
    rouge bleu vert jaune noir blanc gris marron rose rojo azul verde amarillo negro blanco marrón
    rosso blu giallo nero bianco grigio vermelho amarelo preto branco oak eiche walnut nussbaum beech buche""".split()
)
"""A colour may stand behind the view (`Chair_Front_Red`); it stays a part of what is seen."""
