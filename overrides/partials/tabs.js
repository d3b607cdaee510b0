{
  const kept = __md_get("__tabs") || []
  for (const set of document.querySelectorAll(".tabbed-set")) {
    const words = [...set.querySelector(".tabbed-labels").children].map((one) => one.textContent.trim())
    const word = kept.find((one) => words.includes(one))
    if (word) set.children[words.indexOf(word)].checked = true
  }
}
