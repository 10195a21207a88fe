// Kubernetes' find and findAll.
import * as t from '../check/type.ts'
import { asIndex, asString } from '../evaluate/narrow.ts'
import { findAll } from '../evaluate/regex.ts'
import { searches } from './costs.ts'
import { type Library, member } from './function.ts'

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
