"""Pages that stand alone: what the jobs report, with figures and photos inside, for any browser offline.

- `page`: sections put together into one HTML page.
- `svg`: drawings by matplotlib as inline SVG in the page's colours.
- `mosaic`: photos as small tiles.
- `label_figures`: Figure 1 of the paper, and the balance of the members.
- `balance`: how many rows of each class the members train on.
- `examples`: which photos of a data set show what sampling did, and their reading.
- `dataset_sections`, `sampling_sections`: what a data set holds, and what sampling did to it.
- `curves`, `learning_sections`: how members learned, as a picture and on a page.
- `evaluation_figures`, `evaluation_sections`: scores, rare classes, calibration and disagreement.
- `answers`, `example_photos`, `gallery_sections`: which photos tell about an evaluation, and beside what.
- `evaluation_page`: all of it and the data set on one page.
- `tuning_figures`, `tuning_sections`, `tuning_page`: what a search for settings found.

Both wings write such pages, so nothing here imports an engine.
"""
