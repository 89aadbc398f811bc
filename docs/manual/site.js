"use strict";

// Words of questions, which say nothing about what is asked.
const EMPTY = new Set(("a an and are as at be by can do does for from get how i if in into is it its me my not of on or "
  + "over should so than that the there this to usage use using what when where which why will with without you").split(" "));
const ASKING = /请问|如何|怎么样|怎么|怎样|为什么|是什么|什么|哪个|哪些|哪里|可以|能否|吗|呢/g;

// Words for which the manual has another one.
const ALIASES = {
  golang: "go", nodejs: "node", javascript: "node", license: "licence", migrate: "moving", symlink: "symbolic",
  symlinks: "symbolic", stuck: "hang", hangs: "hang", directories: "directory",
};
const CHINESE = /^[\u4e00-\u9fff]/;

// The words of a query. Chinese is written without blanks, so a run of it is a word.
function wordsOf(query) {
  const text = query.toLowerCase().replace(ASKING, " ");
  const words = text.match(/[\u4e00-\u9fff]+|[^\s()（）？?！!，,。；;：“”\u4e00-\u9fff]+/g) || [];
  const telling = words.filter((word) => !EMPTY.has(word));
  return [...new Set((telling.length ? telling : words).map((word) => ALIASES[word] || word))];
}

// How much of a word is in a text: 1, or less inside of another word or with another ending.
function share(text, word) {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    if (!/[a-z0-9]/.test(word[0]) || !/[a-z0-9]/.test(text[at - 1] || "")) return 1;
  }
  if (text.includes(word)) return 0.5;
  const stem = word.replace(/(ies|ing|ers|ed|er|es|s|y)$/, "");
  return stem !== word && stem.length > 3 && text.includes(stem) ? 0.7 : 0;
}

// Each entry of the index is a section: its title, its page, its address and its words. Words that few
// sections have count for more. A section may lack some of the words, and then comes behind.
function find(index, query) {
  const sections = index.map(([title, page, url, text]) => ({
    title, page, url, text, low: title.toLowerCase(), all: `${title} ${page} ${text}`.toLowerCase(),
  }));
  const looked = (word, part) => {
    const shares = sections.map(({ all }) => share(all, word));
    const times = shares.filter(Boolean).length;
    return { word, shares, times, weight: part * Math.log(1 + sections.length / (1 + times)) };
  };
  const isThere = ({ times }) => times > 0;
  const words = wordsOf(query).flatMap((word) => {
    const found = [looked(word, 1)].filter(isThere);
    if (word.length < 3 || !CHINESE.test(word)) return found;
    // Several words in one run are found by their pairs of characters.
    const texts = [...word].slice(1).map((second, at) => word[at] + second).filter((pair) => !/[的了是和或]/.test(pair));
    const pairs = texts.map((pair) => looked(pair, 0.5));
    const known = pairs.filter(isThere);
    if (known.length <= pairs.length / 2) return found;
    return found.map((run) => ({ ...run, isMore: true })).concat(known);
  });
  const needed = words.filter(({ isMore }) => !isMore);
  const whole = needed.reduce((sum, { weight }) => sum + weight, 0);
  const found = [];
  sections.forEach(({ title, page, url, text, low, all }, at) => {
    let [rank, matched] = [0, 0];
    for (const { word, shares, weight, isMore } of words) {
      if (!shares[at]) continue;
      if (!isMore) matched += weight * shares[at];
      let worth = 4 + Math.min(4, all.split(word).length - 1);
      if (low === word) worth += 100;
      else if (low.split(/[^\w\u4e00-\u9fff-]+/).includes(word)) worth += 40;
      else if (share(low, word)) worth += 20 * share(low, word);
      else if (page.toLowerCase().includes(word)) worth += 5;
      rank += worth * weight * shares[at];
    }
    if (!matched || matched < 0.4 * whole) return;
    const first = words.map(({ word }) => text.toLowerCase().indexOf(word)).find((place) => place >= 0);
    const from = Math.max(0, (first || 0) - 30);
    const excerpt = (from ? "… " : "") + text.slice(from, from + 110);
    found.push({ title, page, url, excerpt, rank: rank * (matched / whole) ** 1.5 });
  });
  return found.sort((a, b) => b.rank - a.rank).slice(0, 20);
}

function searchBox() {
  const box = document.getElementById("search");
  const [input, list] = [box.querySelector("input"), document.getElementById("found")];
  const show = () => {
    list.textContent = "";
    list.hidden = !input.value.trim();
    const found = find(searchIndex, input.value);
    for (const { title, page, url, excerpt } of found) {
      const link = document.createElement("a");
      link.href = url;
      for (const [name, text] of [["strong", title], ["small", page === title ? "" : page],
                                  ["span", excerpt]]) {
        const element = document.createElement(name);
        element.textContent = text;
        link.append(element, " ");
      }
      const item = document.createElement("li");
      item.append(link);
      list.append(item);
    }
    if (!found.length) list.append(box.dataset.none);
  };
  const close = () => { list.hidden = true; };
  input.addEventListener("input", show);
  box.addEventListener("keydown", (event) => {
    const links = [...list.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    if (event.key === "Escape") {
      input.value = "";
      input.focus();
      close();
    } else if (event.key === "ArrowDown" && at + 1 < links.length) {
      links[at + 1].focus();
    } else if (event.key === "ArrowUp" && at >= 0) {
      (links[at - 1] || input).focus();
    } else if (event.key === "Enter" && at < 0 && links.length) {
      location.href = links[0].href;
    } else {
      return;
    }
    event.preventDefault();
  });
  list.addEventListener("click", close);
  document.addEventListener("click", (event) => { if (!box.contains(event.target)) close(); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/input|textarea/i.test(event.target.tagName)) {
      event.preventDefault();
      input.focus();
    }
  });
  box.hidden = false;
}

// On a phone the list of pages covers the page, which stays where it was. The page that is shown is in sight.
function pageList() {
  const nav = document.getElementById("nav");
  const [menu, close, main] = [".menu", "#nav .close", "main"].map((each) => document.querySelector(each));
  const here = nav.querySelector("[aria-current]");
  const toHere = () => { if (here) nav.scrollTop = here.offsetTop - nav.clientHeight / 2; };
  const open = (event, isOpen) => {
    event.preventDefault();
    nav.classList.toggle("open", isOpen);
    main.inert = isOpen;
    toHere();
    (isOpen ? close : menu).focus({ preventScroll: true });
  };
  menu.addEventListener("click", (event) => open(event, true));
  close.addEventListener("click", (event) => open(event, false));
  nav.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && nav.classList.contains("open")) open(event, false);
  });
  toHere();
}

if (typeof document === "undefined") {
  module.exports = { find };
} else {
  pageList();
  searchBox();
}
