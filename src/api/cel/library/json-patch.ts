// Kubernetes' `jsonpatch.escapeKey('k8s.io/x~y')`: escapes a key as a path segment (RFC 6901).

import { free, type Library } from '../functions/function.ts'
import { asString } from '../values/narrow.ts'
import * as t from '../values/type.ts'
import { walks } from './costs.ts'

const escapeKey = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1')

export const jsonPatchLibrary: Library = {
  functions: [
    {
      name: 'jsonpatch.escapeKey',
      overloads: [free('string_jsonpatch_escapeKey_string', [t.string], t.string, key => escapeKey(asString(key)), walks(1, true))],
    },
  ],
}
