"""Edit quality: is an edit damaging, is it in good faith, will it be reverted?"""

from liftwing_serving.revscoring import serve
from liftwing_serving.revscoring.families import EDITQUALITY

if __name__ == "__main__":
    serve(EDITQUALITY)
