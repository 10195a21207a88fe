// Upstream's `$(VAR)` expansion in commands, arguments, environment values and subPathExpr. Pure.

/** `$(NAME)` becomes its value, `$$` a dollar; what is unknown or no reference stays as it is. */
export function expand(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(/\$(\$|\(([^)]*)\))/g, (whole, inner: string, name: string | undefined) => {
    if (inner === '$') return '$'
    return variables.get(name ?? '') ?? whole
  })
}

/** As expand(), but throws upstream's text when a reference is unknown. */
export function expandStrictly(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(/\$(\$|\(([^)]*)\))/g, (_, inner: string, name: string | undefined) => {
    if (inner === '$') return '$'
    const value = variables.get(name ?? '')
    if (value === undefined) throw new Error(`missing value for ${JSON.stringify(name)}`)
    return value
  })
}
