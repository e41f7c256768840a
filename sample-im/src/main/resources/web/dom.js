/** The document's elements: found, made, listened to. */

export const $ = (id) => document.getElementById(id);

/** What is said goes in as text, never as markup. */
export function element(tag, className = '', ...content) {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...content);
  return element;
}

export function button(label, action) {
  const button = element('button', '', label);
  button.type = 'button';
  button.addEventListener('click', action);
  return button;
}

export function onSubmit(id, action) {
  $(id).addEventListener('submit', (event) => {
    event.preventDefault();
    action();
  });
}
