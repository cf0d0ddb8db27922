# Joins the page's sources and writes them as C strings: cmake -DFOLDER= -DOUTPUT= -P embed.cmake
# The order matters to nobody but the reader: every file declares functions, main.js starts.
set(scripts identity text inflate load query state signature show copy list failures detail
    timeline_layout timeline_paint timeline lanes_table chips keys main)

function(append_string name file_or_text)
  string(HEX "${file_or_text}" digits)
  string(REGEX REPLACE "(................................................................)" "\\1\n" lines "${digits}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${lines}")
  file(APPEND ${OUTPUT}.new "const char ${name}[] = {${bytes}0};\n")
endfunction()

file(READ ${FOLDER}/page.html html)
file(READ ${FOLDER}/page.css style)
set(script "(function () {\n\"use strict\";\n")
foreach(name IN LISTS scripts)
  file(READ ${FOLDER}/script/${name}.js part)
  string(APPEND script "${part}")
endforeach()
string(APPEND script "})();\n")
# What a parser of HTML would take for the end of the element.
foreach(forbidden "</script" "<!--" "</style")
  string(FIND "${script}${style}" "${forbidden}" at)
  if(NOT at EQUAL -1)
    message(FATAL_ERROR "the page's sources hold ${forbidden}")
  endif()
endforeach()
file(WRITE ${OUTPUT}.new "#include \"html/page_assets.h\"\n")
append_string(page_html "${html}")
append_string(page_style "${style}")
append_string(page_script "${script}")
file(RENAME ${OUTPUT}.new ${OUTPUT})
