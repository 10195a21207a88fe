// cel.bind(name, value, expression), which the suite of cel-spec uses and Kubernetes' environments lack: binds a name to a value.

import type { Library } from './functions/function.ts'
import { bool, ident, list } from './syntax/ast.ts'
import { argument, type Macro, nameOf } from './syntax/macro.ts'

const bind: Macro = {
  name: 'bind',
  argumentCount: 3,
  member: true,
  expand({ offset, target, args }) {
    if (target.kind !== 'ident' || target.name !== 'cel') return undefined
    const name = nameOf(args[0], 'cel.bind() variable names must be simple identifiers')
    if (typeof name !== 'string') return name
    return {
      kind: 'comprehension',
      offset,
      range: list(offset, []),
      variable: '#unused',
      variable2: undefined,
      accumulator: name,
      init: argument(args, 1),
      condition: bool(offset, false),
      step: ident(offset, name),
      result: argument(args, 2),
    }
  },
}

export const bindingsLibrary: Library = { macros: [bind] }
