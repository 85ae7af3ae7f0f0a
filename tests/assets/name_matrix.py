"""Names of pictures as cameras, phones, apps, shops, renderers and catalogues write them, and what is to be read."""

from __future__ import annotations

from typing import NamedTuple

from tests.assets.view_matrix import VIEWS

# file name | customer, or - | view, or -
MATRIX = """
PL_DXB191_GI_Defense_V1_SF102_Front.png | PL_DXB191 | front
PL_ABC_Mug_Front.png | PL_ABC | front
PL_ABC_MUG_FRONT.PNG | PL_ABC | front
pl_dxb191_gi_front.png | PL_DXB191 | front
PL-DXB191-GI-Front.png | PL_DXB191 | front
PL DXB191 GI Front.png | PL_DXB191 | front
PL_DXB-191_Chair_Front.png | PL_DXB191 | front
PL_DXB-200_Chair_Front.png | PL_DXB200 | front
PL-DXB-191-Chair-Back.png | PL_DXB191 | back
PL DXB-191 Chair Back.png | PL_DXB191 | back
PL_DXB-191.png | PL_DXB191 | -
PL_ABC-01.png | PL_ABC | -
PL_ABC-001_Front.png | PL_ABC | front
PL_ABC_123_Front.png | PL_ABC | front
PL_ABC-2024_Front.png | PL_ABC | front
PL_ABC 2024-05-01.png | PL_ABC | -
PL_DXB191.png | PL_DXB191 | -
PL_DXB191_Sofa_3Q.png | PL_DXB191 | 3q
PL_DXB191_Sofa_Hero.png | PL_DXB191 | hero
PL_DXB191_Sofa_Detail.png | PL_DXB191 | detail
PL_DXB191_Sofa_Front_01.png | PL_DXB191 | front
PL_DXB191_Sofa_Front (1).png | PL_DXB191 | front
PL_DXB191_a.tar.gz | PL_DXB191 | -
P_DXB191_Front.png | - | front
.PL_DXB191_Front.png | - | front
_PL_DXB191_Front.png | - | front
PL_上海_椅子_Front.png | - | front
ПЛ_ДХБ191_Front.png | - | front
UPC_rep1_Front.png | UPC_REP1 | front
KX_Quay_Lamp_Front.png | KX_QUAY | front
KX_Harbour7_Lamp_Left.png | KX_HARBOUR7 | left
KX_Front.png | - | front
NV_Pier12_Lamp_Rear.jpg | NV_PIER12 | back
ABCDE_Quay.png | ABCDE_QUAY | -
Copy of PL_DXB191_Chair_Front.png | PL_DXB191 | front
Copy (2) of PL_DXB191_Chair_Front.png | PL_DXB191 | front
Copy of Copy of chair front.png | - | front
Copy of IMG_1234.jpg | - | -
Copy of logo.png | - | -
copy_of_mug.png | - | -
Kopie von PL_DXB191_Chair_Vorne.png | PL_DXB191 | front
Kopie von Bild.png | - | -
Copie de Chaise.png | - | -
Copia di Sedia.png | - | -
Cópia de Cadeira.png | - | -
Копия стул.png | - | -
PL_DXB191_Chair_Front - Copy.png | PL_DXB191 | front
PL_DXB191_Chair_Front - Copy (3).png | PL_DXB191 | front
PL_DXB191_Chair_Front - Kopie.png | PL_DXB191 | front
PL_DXB191_Chair_Front copy 2.png | PL_DXB191 | front
FINAL_PL_DXB191_Chair_Front.png | PL_DXB191 | front
IMG_0001.JPG | - | -
IMG_E1234.JPG | - | -
IMG_20240131_120000.jpg | - | -
IMG_20240131_120000_HDR.jpg | - | -
IMG-20240131-WA0007.jpg | - | -
IMG_1234 (1).HEIC | - | -
VID_20240131_120000.mp4 | - | -
MVIMG_20190101_101010.jpg | - | -
PXL_20240131_101112345.jpg | - | -
PXL_20240131_101112345.PORTRAIT.jpg | - | -
PXL_20240131_101112345.NIGHT.jpg | - | -
DSC_0042.JPG | - | -
DSC00123.ARW | - | -
_DSC1234.NEF | - | -
DSCN0001.JPG | - | -
DSCF1234.RAF | - | -
DSC_0042-Edit.tif | - | -
P1010123.RW2 | - | -
SAM_0012.JPG | - | -
CIMG0001.JPG | - | -
CRW_1234.CRW | - | -
GOPR0001.JPG | - | -
GH010001.MP4 | - | -
GX010023.MP4 | - | -
DJI_0012.DNG | - | -
DJI_Mavic3_Front.jpg | - | front
DJI_FLY_20240131_101112.jpg | - | -
HPIM0001.JPG | - | -
KIMG0001.JPG | - | -
WP_20160101_001.jpg | - | -
WP_20160101_12_00_00_Pro.jpg | - | -
WIN_20240131_12_00_00_Pro.jpg | - | -
CAM_0001.jpg | - | -
Burst_Cover_Collage.jpg | - | -
SCAN_0001.jpg | - | -
Scan Jan 31.jpg | - | -
Scan2024-01-31.pdf | - | -
Photo Jan 01, 12 00 00 PM.jpg | - | -
Photo on 31.01.24 at 12.00.jpg | - | -
Foto 31.01.24.jpg | - | -
Image from iOS.jpg | - | -
image0.jpeg | - | -
image (1).png | - | -
Bild 1.png | - | -
20240131_120000.jpg | - | -
2024-01-31 12.00.00.jpg | - | -
Screenshot 2026-06-20 at 23.49.31.png | - | -
Screenshot_20240131-120000.png | - | -
Screenshot_20240131-120000_Chrome.jpg | - | -
Screenshot (12).png | - | -
Screen Shot 2020-01-01 at 10.00.00 AM.png | - | -
Bildschirmfoto 2024-01-31 um 12.00.00.png | - | -
Bildschirm foto.png | - | -
Captura de pantalla 2024-01-31.png | - | -
Schermata 2024-01-31 alle 12.00.00.png | - | -
CleanShot 2024-01-31 at 12.00.00@2x.png | - | -
Snip_2024.png | - | -
WhatsApp Image 2024-01-31 at 12.00.00.jpeg | - | -
WhatsApp Image 2024-01-31 at 12.00.00 (1).jpeg | - | -
FB_IMG_1580000000000.jpg | - | -
IG_STORY_01.jpg | - | -
received_123456789012345.jpeg | - | -
LINE_ALBUM_Trip_240131_1.jpg | - | -
Snapchat-123456789.jpg | - | -
VSCO_ABC.jpg | - | -
TG_IMG_01.jpg | - | -
signal-2024-01-31-120000.jpeg | - | -
photo_2024-01-31_12-00-00.jpg | - | -
ADOBE_EXPRESS_2024.png | - | -
ADOBE_EXPRESS.png | - | -
Adobe Express 20240131_1200.png | - | -
Adobe Express - file.png | - | -
Canva_Design1.png | - | -
PicsArt_01-31-12.00.00.jpg | - | -
Photoroom_20240131_120000.png | - | -
Gemini_Generated_Image_abc123.png | - | -
ChatGPT Image Jan 31, 2024, 12_00_00 PM.png | - | -
DALL·E 2024-01-31 12.00.00.png | - | -
ComfyUI_00001_.png | - | -
Midjourney_red_chair.png | - | -
AI_ABC12_Front.png | - | front
iStock-123456789.jpg | - | -
shutterstock_123456789.jpg | - | -
AdobeStock_123456789.jpeg | - | -
pexels-photo-12345.jpeg | - | -
removebg-preview.png | - | -
logo-removebg-preview.png | - | -
Unbenannt.png | - | -
Unbenannt-1.psd | - | -
Unbenannt_Front.png | - | front
Ohne Titel.png | - | -
untitled.png | - | -
Untitled_design.png | - | -
Sans titre.png | - | -
Sin título.png | - | -
Senza titolo-1.jpg | - | -
New Project.png | - | -
New_Design2.png | - | -
Neue Datei.png | - | -
FINAL_RENDER.png | - | -
FINAL_RENDER_V2.png | - | -
Final_Final.png | - | -
final_final2.png | - | -
RENDER_FINAL_01.png | - | -
render_0001.png | - | -
Render_Scene1_Front.png | - | front
RED_MUG.png | - | -
RED_MUG_Front.png | - | front
red_mug_front.png | - | front
BLUE_CHAIR.png | - | -
Blue Chair.jpg | - | -
OAK_TABLE_Side.png | - | side
BIG_SOFA_Top.png | - | top
NEW_SHOES_left.png | - | left
OLD_MAN_Front.png | - | front
AIR_MAX90_Front.png | - | front
TV_Stand_Front.png | - | front
LED_Strip_Detail.png | - | detail
PVC_Pipe.png | - | -
USB_Cable_Top.png | - | top
MY_PHOTO1.png | - | -
my_photo.png | - | -
the_chair1.png | - | -
side_table.png | - | -
Chair2_Front.png | - | front
lamp_mk2_front.png | - | front
BED_KING160_Front.png | - | front
Web_Banner1.png | - | -
Logo_ABC.png | - | -
Icon_X2.png | - | -
Test_DXB12.png | - | -
SKU_ABC123_Front.jpg | - | front
EAN_DXB12_Front.jpg | - | front
Img_DXB12.jpg | - | -
Artboard 1.png | - | -
Artboard 1@2x.png | - | -
Frame 12@2x.png | - | -
Group_ABC12.png | - | -
Rectangle 3.png | - | -
Slide1.PNG | - | -
Page 1.png | - | -
Layer_DXB1.png | - | -
"""


class Case(NamedTuple):
    filename: str
    customer: str | None
    view: str | None


def cases() -> list[Case]:
    """Each line of both matrices."""
    found = []
    for line in (MATRIX + VIEWS).strip().splitlines():
        filename, customer, view = line.split(" | ")
        found.append(Case(filename, None if customer == "-" else customer, None if view == "-" else view))
    return found
