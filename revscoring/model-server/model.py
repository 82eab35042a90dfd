"""Every family: serves whichever models INFERENCE_NAME names."""

from liftwing_serving.revscoring import FAMILIES, serve

if __name__ == "__main__":
    serve(*FAMILIES)
