// Kubernetes' find and findAll.

import { type Library, member } from '../functions/function.ts'
import { asIndex, asString } from '../values/narrow.ts'
import { findAll } from '../values/regex.ts'
import * as t from '../values/type.ts'
import { searches } from './costs.ts'

const { string, int } = t
const strings = t.list(string)

export const regexLibrary: Library = {
  functions: [
    {
      name: 'find',
      overloads: [
        member('string_find_string', [string, string], string, (s, p) => findAll(asString(s), asString(p), 1)[0] ?? '', searches),
      ],
    },
    {
      name: 'findAll',
      overloads: [
        member('string_find_all_string', [string, string], strings, (s, p) => findAll(asString(s), asString(p), -1), searches),
        member(
          'string_find_all_string_int',
          [string, string, int],
          strings,
          (s, p, n) => findAll(asString(s), asString(p), asIndex(n)),
          searches,
        ),
      ],
    },
  ],
}
