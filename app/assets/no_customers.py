"""Words that a file name begins with and that are nobody's: of cameras, phones, apps, editors, shops and languages."""

from __future__ import annotations

from typing import Final

NO_CUSTOMERS: Final = frozenset(
    # Cameras, phones, scanners and what they save.
    """img imgp imge cimg kimg rimg mvimg dsc dscn dscf dcim csc zdsc pxl mvi vid mov gopr gopro gp gh gx dji hpim sam
    pict pic pics photo photos foto fotos image images imag bild bilder imagen imagem immagine obraz scan scans pano
    burst raw cam camera cap capture film clip video live portrait night moto lumia iphone ipad android pixel galaxy
    canon nikon sony fuji leica panasonic olympus pentax huawei xiaomi oppo vivo nokia win wp
    """
    # Apps and services.
    """fb ig wa tg sc vsco snap insta instagram facebook meta whatsapp telegram signal viber wechat line kakao tiktok
    twitter tweet reddit pin pinterest youtube tumblr flickr imgur giphy zoom teams slack discord skype mail email
    adobe express canva figma sketch photoshop lightroom illustrator indesign affinity gimp krita paint procreate
    picsart pixlr remini facetune snapseed removebg photoroom fotor polish lensa beauty airbrush meitu inshot capcut
    chatgpt openai dalle dall midjourney mj sdxl comfyui flux gemini copilot firefly grok leonardo ai gen generated
    getty istock shutterstock unsplash pexels pixabay stock adobestock
    """
    # Renderers and editors.
    """render renders rendered rendering renderings blender keyshot vray corona octane redshift arnold cycles eevee maya
    max cinema houdini rhino sketchup lumion enscape twinmotion unreal unity solidworks fusion revit cad step stl obj
    viz vis scene camera layer frame group artboard rectangle component slide page canvas layout project projekt
    projet proyecto comp sequence shot take asset assets texture material mockup
    """
    # What is said of a file.
    """copy kopie copie copia kopia final finals finale fin def draft entwurf wip test tests demo sample muster
    example beispiel exemple new neu neue neues nouveau nuevo nuovo old alt ancien best good bad ok temp tmp untitled
    unbenannt ohne sans sin senza namenlos unnamed unknown undefined null none default screenshot screen bildschirmfoto
    bildschirm capture ecran captura schermata zrzut skärmavbild schermafbeelding snip shots edited edit bearbeitet
    retouched retouch cropped crop resized resize scaled thumb thumbnail preview cover banner header footer background
    bg hintergrund logo logos icon icons favicon avatar profile profil sprite placeholder download downloads upload
    uploads export exports import file files datei dateien doc docs document dokument attachment anhang unterlagen web
    print druck press presse social media post story reel ad ads flyer poster plakat catalog catalogue katalog brochure
    original originals orig master copyof of von de di da del und and et the der die das ein eine el la le les il lo un
    una une my mein meine our unser your mon ma mes mi il no not to in on at by we us me be is it or an as so up go do
    he she for fur für with mit avec con per pour from aus high low hi lo res hd hq uhd full size mini small medium
    large big xs xl xxl week day year month jan feb mar apr may jun jul aug sep oct nov
    dec mai juni juli okt dez monday montag sunday sonntag
    """
    # Catalogues and counters.
    """sku ean gtin asin isbn art artikel article item items prod product products produkt produkte produit
    producto prodotto model modell ref nr num no number variant var version ver rev set sets pack kit part parts pos
    size color colour farbe pt main swatch swch hero detail alt pack packshot lifestyle spin deg id uid uuid hash
    """
    # What is seen: furniture, household, clothes, food, animals, materials, colours.
    """chair chairs table tables sofa couch lamp lamps light lights desk bed beds shelf stool bench bank stuhl tisch
    lampe regal bett schrank kommode sessel hocker spiegel teppich vase vases mug mugs cup cups bowl plate glass glas
    bottle jar box bag bags tray rug rugs pillow cushion door doors wall walls floor window room house home kitchen
    bath garden office shop store tree plant rose flower flowers shirt shirts tee dress shoe shoes boot boots coat
    jacket jeans pants skirt short hat hats cap sock socks belt ring rings watch watches wallet towel phone case cable
    mouse board key keys book books card cards pen paper car cars bike truck wheel tire tyre tool tools dog cat bird
    fish horse toy toys ball doll game food cake bread tea coffee wine beer apple milk soap cream oil
    oak pine wood holz metal steel stahl iron brass gold silver stone marble leather leder wool wolle linen cotton
    velvet silk plastic ceramic paper cork concrete beton
    red blue green black white grey gray brown pink beige navy cyan lime olive teal mint sand coral ivory rot blau
    grün gruen gelb schwarz weiß weiss grau braun rosa rouge bleu vert noir blanc rojo azul verde negro rosso nero
    modern classic vintage luxury basic simple nice cool cute happy hot cold dark bright soft hard round square long
    tall wide thin flat open summer winter spring autumn sunset beach city snow rain sky sea sun moon star
    defense dining living speaker speakers monitor laptop tablet headset camera charger router printer keyboard stand
    holder panel pipe strip headphones sneaker sneakers backpack engine seat helmet kettle toaster blender mixer
    """
    # Abbreviations that are no account's.
    """tv lcd led oled usb hdmi pvc mdf dvd ssd hdd cpu gpu ram vr ar xr diy suv bbq spa rgb rgba cmyk srgb css html
    php xml json pdf png jpg jpeg gif svg tif tiff webp heic avif bmp psd eps exr tga mp api faq nft usa eu uk uae gmbh
    ltd llc inc kg ag co www http https com""".split()
)
"""Such a word is neither the first nor the second half of a customer's prefix."""
NOISE: Final = frozenset(
    "final finals new neu neue draft entwurf copy kopie copia copie edited wip fin alt old".split()
)
"""Stood before a customer's prefix, these are passed over."""
