"""The families of revscoring models: what one image serves."""

from liftwing_serving.revscoring.names import Family

EDITQUALITY = Family(folder="editquality", kinds=("damaging", "goodfaith", "reverted"))

FAMILIES = (EDITQUALITY,)
