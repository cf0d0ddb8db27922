// copy.js - the one command that reproduces it, and a button that copies it where the browser lets us.

function selectText(element) {
  const range = document.createRange();
  range.selectNodeContents(element);
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

async function copyText(text, code) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    selectText(code);
    return guarded(() => document.execCommand("copy"), false);
  }
}

/** `what` names the command for those who do not see where the button stands. */
function commandLine(command, what, ...more) {
  const code = make("code", {}, command);
  const button = make("button", {
    type: "button", class: "copy", "aria-label": `Copy the command for ${what}`,
    onclick: async () => {
      const isCopied = await copyText(command, code);
      button.textContent = isCopied ? "copied" : "selected";
      announce(isCopied ? "command copied" : "command selected");
      setTimeout(() => (button.textContent = "copy"), 1500);
    },
  }, "copy");
  return make("p", { class: "repro" }, code, button, ...more);
}
