/* page_assets.h - the page's ordinary source files (page.html, page.css, script/), as the build put them into
 * the library: nothing is read when itrun runs. Written by embed.cmake. */
#ifndef ITRUN_REPORTERS_HTML_PAGE_ASSETS_H
#define ITRUN_REPORTERS_HTML_PAGE_ASSETS_H

extern const char page_html[];   /* with {{slots}} */
extern const char page_style[];  /* page.css */
extern const char page_script[]; /* script/, one after another, in one function */
#endif
