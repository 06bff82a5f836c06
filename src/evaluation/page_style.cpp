#include <fmt/format.h>

#include "evaluation/page.hpp"

namespace foehn::evaluation {

// Colours of curves: Okabe and Ito (2008), told apart by the colour-blind; lighter ones on dark.
std::string page_style() {
  return R"(
:root { --ink: #1f2328; --paper: #fff; --faint: #59636e; --line: #d9dde1; --members: #0072b2; --truth: #000;
  --interpolation: #d55e00; --anomaly: #009e73; --observation: #cc79a7; --ideal: #6e7781; --good: #1a7f37; --fair: #8a6100;
  --poor: #b42318 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e6e6; --paper: #16181c; --faint: #a3abb5; --line: #3a3f46;
  --members: #56b4e9; --truth: #fff; --interpolation: #ff9d4d; --anomaly: #3fd0a4; --observation: #e9a3c9;
  --ideal: #9aa4ae; --good: #57c785; --fair: #e3b341; --poor: #ff8f85 } }
@media print { :root { --ink: #000; --paper: #fff; --faint: #444; --line: #ccc; --members: #0072b2; --truth: #000;
  --interpolation: #d55e00; --anomaly: #009e73; --observation: #cc79a7; --ideal: #6e7781; --good: #1a7f37; --fair: #8a6100;
  --poor: #b42318 } nav { display: none } h2 { break-before: page } h2#short, h2#scores { break-before: auto } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 1320px;
  margin: 0 auto; padding: 1em }
h1, h2, h3, h4 { line-height: 1.25; break-after: avoid } h2 { margin-top: 2em; border-bottom: 1px solid var(--line) } h4 { margin: 1em 0 0.3em }
nav a { color: var(--members); margin-right: 0.8em }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px }
th, td { text-align: right; padding: 2px 10px; border-bottom: 1px solid var(--line); white-space: nowrap }
td:first-child, th:first-child { text-align: left; padding-left: 0 }
table.text td { text-align: left; white-space: normal; overflow-wrap: anywhere }
table.text td:first-child { min-width: 9em; vertical-align: top; overflow-wrap: normal; word-break: normal }
table.wrapped td { white-space: normal; vertical-align: top }
.scroll { overflow-x: auto }
.verdicts { list-style: none; padding: 0 } .verdicts li { display: grid; grid-template-columns: 3.4em 1fr }
.answers { list-style: none; padding: 0; font-size: 17px } .answers b { margin-right: 0.6em }
.good b { color: var(--good) } .fair b { color: var(--fair) } .poor b { color: var(--poor) }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 340px), 1fr)); gap: 18px }
.maps { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(45%, 210px), 1fr)); gap: 10px }
.maps figure { max-width: 340px }
figure { margin: 0; break-inside: avoid } svg { width: 100%; height: auto; display: block }
svg text { font: 12px system-ui, sans-serif; fill: var(--ink) } svg .title { font-weight: bold }
svg .grid { stroke: var(--line) }
svg .coast { fill: none; stroke: #fff; stroke-width: 1 }
svg .under { stroke: #000; stroke-width: 2; opacity: 0.55 }
svg image { image-rendering: pixelated }
.bar { font-size: 13px; margin: 0.3em 0 1em } .bar img { vertical-align: middle; max-width: 60% }
details { margin: 1em 0 } summary { cursor: pointer }
)";
}

std::string page_begin(const std::string& title) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" "
      "content=\"light dark\"><title>{0}</title><style>{1}</style></head><body>\n<h1>{0}</h1>\n",
      title, page_style());
}

}  // namespace foehn::evaluation
