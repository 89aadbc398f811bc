"use strict";

// Each entry of the index is a section: its title, its page, its address and its words. A section is
// found if it has all words of the query. Chinese is written without blanks: several words in one are
// also found by their pairs of characters.
function find(index, query) {
  const words = query.toLowerCase().split(/[\s()]+/).filter(Boolean);
  if (!words.length) return [];
  const has = (text, word) => {
    if (text.includes(word)) return true;
    if (word.length < 3 || !/^[\u4e00-\u9fff]+$/.test(word)) return false;
    for (let at = 0; at < word.length; at += 2) {
      const from = Math.min(at, word.length - 2);
      if (!text.includes(word.slice(from, from + 2))) return false;
    }
    return true;
  };
  const found = [];
  for (const [title, page, url, text] of index) {
    const [low, all] = [title.toLowerCase(), `${title} ${page} ${text}`.toLowerCase()];
    if (!words.every((word) => has(all, word))) continue;
    let rank = 0;
    for (const word of words) {
      if (low === word) rank += 100;
      else if (low.split(/[^\w\u4e00-\u9fff-]+/).includes(word)) rank += 40;
      else if (low.includes(word)) rank += 20;
      else if (page.toLowerCase().includes(word)) rank += 5;
      rank += Math.min(4, all.split(word).length - 1);
    }
    const at = Math.max(0, text.toLowerCase().indexOf(words[0]) - 30);
    const excerpt = (at ? "… " : "") + text.slice(at, at + 110);
    found.push({ title, page, url, excerpt, rank });
  }
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

if (typeof document === "undefined") {
  module.exports = { find };
} else {
  searchBox();
}
