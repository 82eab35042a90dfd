"""The outlink topic model: a transformer that asks MediaWiki, a predictor that asks fastText."""

from liftwing_serving.interrupts import quiet_interrupts

with quiet_interrupts():
    from liftwing_serving.outlink.settings import settings_by_image
    from liftwing_serving.outlink.startup import serve_predictor, serve_transformer

__all__ = ["serve_predictor", "serve_transformer", "settings_by_image"]
