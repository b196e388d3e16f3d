"""Self-contained report pages with figures and photos, for any browser, offline.

- `page`: sections combined into one HTML page.
- `svg`: matplotlib drawings as inline SVG in the page's colours.
- `mosaic`: photos as small tiles.
- `dataset_sections`, `sampling_sections`: what a data set holds, and the effect of sampling.
- `duplicate_sections`: near-duplicates side by side.
- `label_figures`, `balance`: Figure 1 of the paper, and the balance of the members' classes.
- `examples`: photos of a data set that show the effect of sampling.
- `curves`, `learning_sections`: learning curves, as a picture and on a page.
- `evaluation_page`: an evaluation and its data set on one page.
- `evaluation_sections`, `evaluation_figures`: scores, rare classes, calibration, disagreement, rejection.
- `gallery_sections`, `photo_choice`, `example_photos`: photos that were predicted right and wrong.
- `predictions_page`: predicted photos beside similar training photos.
- `similar_photos`: training photos that are shown beside the photos they are similar to.
- `tuning_page`, `tuning_sections`, `tuning_figures`: the results of a search for settings.

Preprocessing, training and evaluation all write such pages, so nothing here imports an engine.
"""
