// The place of a value within an object.

/** A field, an item, or a member of a map. */
export type PathStep = string | number | { readonly key: string }

/** `spec.items[0].labels[a]`. */
export function pathText(path: readonly PathStep[]): string {
  let text = ''
  for (const step of path) {
    if (typeof step === 'string') text += text === '' ? step : `.${step}`
    else text += `[${typeof step === 'number' ? step : step.key}]`
  }
  return text
}
