import type { Secret } from '../../api/types/core-v1.ts'
import type { ManifestCheck } from '../manifest-check.ts'
import { secretValues } from '../secret-values.ts'

/** A repository keeps everything that was ever in it; a store can revoke values. Obvious credentials are errors of `literal-secret`. */
export const secretInManifest: ManifestCheck = {
  id: 'secret-in-manifest',
  severity: 'note',
  title: 'Values of Secrets come from a store, not from a manifest',
  serves: ['D3', 'NSA secrets'],
  check: set =>
    set.of('secrets').flatMap(on => {
      const [first] = secretValues(on.object as Secret)
      if (first === undefined) return []
      return [
        { on, field: first.field, message: 'the manifest contains the values of this Secret: if they are not secret, use a ConfigMap' },
      ]
    }),
}
