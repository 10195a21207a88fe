/** Joins terms and their operators into a tree of logarithmic depth; the order of evaluation stays that of the text. */
export function balanced<Term, Operator>(
  terms: readonly Term[],
  operators: readonly Operator[],
  join: (operator: Operator, left: Term, right: Term) => Term,
): Term {
  const build = (low: number, high: number): Term => {
    const middle = Math.floor((low + high + 1) / 2)
    const left = middle === low ? term(middle) : build(low, middle - 1)
    const right = middle === high ? term(middle + 1) : build(middle + 1, high)
    return join(at(operators, middle), left, right)
  }
  const term = (index: number): Term => at(terms, index)
  return operators.length === 0 ? term(0) : build(0, operators.length - 1)
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index]
  if (item === undefined) throw new RangeError(`No item at ${index} of ${items.length}`)
  return item
}
