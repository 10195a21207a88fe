import type { Secret } from '../../api/types/core-v1.ts'
import type { ManifestCheck } from '../manifest-check.ts'
import { secretValues } from '../secret-values.ts'

/** A repository keeps what was ever in it; a store can withdraw it. Values that are plainly credentials are errors of `literal-secret`. */
export const secretInManifest: ManifestCheck = {
  id: 'secret-in-manifest',
  severity: 'note',
  title: 'Values of Secrets come from a store and not from a manifest',
  serves: ['D3', 'NSA secrets'],
  check: set =>
    set.of('secrets').flatMap(on => {
      const [first] = secretValues(on.object as Secret)
      if (first === undefined) return []
      return [
        { on, field: first.field, message: 'the values of this Secret stand in the manifest: if they are not secret, a ConfigMap will do' },
      ]
    }),
}
