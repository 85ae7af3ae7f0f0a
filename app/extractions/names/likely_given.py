"""Words that are given names as well as family names: `James Ryan` and `Ryan James` are two people."""

from __future__ import annotations

from typing import Final

GIVEN_NAMES: Final = frozenset(
    "adam alan albert alex alexander allan allen andrew anthony arthur austin barry ben benjamin bernard blake"
    " brandon brian bruce bryan bryce cameron carl charles charlie chris christian christopher clark cole colin"
    " connor craig daniel david dean dennis dominic douglas drew duncan dylan edward elliott ellis emanuel eric"
    " ethan evan felix francis frank franklin fred gabriel gary george gerald gilbert glenn gordon graham grant"
    " gregory harris harrison harry harvey hector henry herbert howard hugo hunter ian isaac ivan jack jackson"
    " jacob james jason jean jeffrey jeremy jerome jesse joel john jonathan jordan joseph joshua julian justin"
    " keith kelly kenneth kevin kim kyle lance lawrence lee leo leon leonard leslie lewis lloyd logan louis lucas"
    " luke malcolm marco marcus mario mark marshall martin mason matthew maurice max maxwell michael miles"
    " mitchell morgan murray nathan nelson nicholas noah noel norman oliver oscar owen parker patrick paul perry"
    " peter philip phillip quinn ralph ray raymond reed reid rene richard riley robert robin roger roland ross roy"
    " russell ryan samuel scott sean sebastian shane shannon shawn sidney simon spencer stanley stephen steven"
    " stewart stuart sydney taylor terry theodore thomas timothy todd tony travis trevor troy tyler tyson vernon"
    " victor vincent wallace walter warren wayne wesley william wilson xavier zachary abigail alexis alice alison"
    " allison amy andrea ann anna anne april ashley audrey avery barbara beatrice beth blair brooke brooklyn"
    " carmen carol caroline casey chelsea claire clara claudia courtney dana dawn diana elena elizabeth ella emily"
    " emma erin eva faith frances georgia grace hayley heather helen hope irene iris jade jane jasmine jennifer"
    " jessica jill joan josephine joy joyce judith julia june karen kate katherine kay kayla kelsey kendall"
    " kennedy laura lauren leah lily lilly lindsay lindsey lisa lucy lydia lynn mackenzie madison margaret maria"
    " marie marion mary maya megan melissa mia michelle molly nancy natalie nicole nina nora olivia paige patricia"
    " paula peyton rachel rebecca reese rose ruby ruth sandra sara sarah shelby sofia sophia sophie stella"
    " stephanie susan teresa victoria virginia zoe andre antonio francesco giovanni pedro pablo jose juan luis"
    " miguel jorge alejandro diego fernando rafael ricardo roberto santiago sergio vicente lorenzo matteo luca"
    " stefano paolo pietro jan jens lars hans karl kurt klaus heinz ernst otto werner wilhelm friedrich ludwig"
    " konrad jakob lukas moritz jonas anton emil matthias pascal laurent marc yves guy denis gilles olivier pierre"
    " jacques lucien blanche".split()
)
