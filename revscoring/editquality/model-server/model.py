"""Edit quality: is an edit damaging, is it in good faith, will it be reverted?"""

from liftwing_serving.revscoring import families, serve

if __name__ == "__main__":
    serve(families.EDITQUALITY)
