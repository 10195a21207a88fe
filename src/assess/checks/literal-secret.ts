import type { ConfigMap, Secret } from '../../api/types/core-v1.ts'
import type { CheckFinding, ManifestCheck } from '../manifest-check.ts'
import type { CheckedObject, ObjectSet } from '../object-set.ts'

const telling = /(?:^|[_.-])(?:password|passwd|passphrase|secret|token|api_?key|access_?key|private_?key|credentials?)$/i
const wordStart = /([a-z0-9])([A-Z])/g
const pem = /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/

/** A name that promises a credential, with a value that is one and no reference to it. */
function isCredential(name: string, value: string): boolean {
  if (pem.test(value)) return true
  return telling.test(name.replaceAll(wordStart, '$1_$2')) && value !== '' && !/^(?:\$[({]|\/|true$|false$|\d+$)/.test(value)
}

/** What stands in a manifest is read by everybody who reads the repository, for as long as its history lasts. */
export const literalSecret: ManifestCheck = {
  id: 'literal-secret',
  severity: 'error',
  title: 'No credential stands in a manifest',
  serves: ['D3', 'CIS 5.4.2', 'NSA secrets'],
  check: set => [...inEnvironment(set), ...set.of('configmaps').flatMap(inConfigMap), ...set.of('secrets').flatMap(inSecret)],
}

function inEnvironment(set: ObjectSet): CheckFinding[] {
  return set.workloads.flatMap(({ on, containers }) =>
    containers.flatMap(({ container, path }) =>
      (container.env ?? []).flatMap(({ name, value = '' }, index) =>
        isCredential(name, value)
          ? [
              {
                on,
                field: `${path}.env[${index}].value`,
                message: `variable "${name}" has a credential as its value: take it from a Secret`,
              },
            ]
          : [],
      ),
    ),
  )
}

function inConfigMap(on: CheckedObject): CheckFinding[] {
  return Object.entries((on.object as ConfigMap).data ?? {}).flatMap(([key, value]) =>
    isCredential(key, value)
      ? [{ on, field: 'data', message: `"${key}" is a credential in a ConfigMap, which is not protected as a Secret is` }]
      : [],
  )
}

function inSecret(on: CheckedObject): CheckFinding[] {
  const { data = {}, stringData = {}, type } = on.object as Secret
  // Such a Secret is filled by the control plane, and what is written into it here is not used.
  if (type === 'kubernetes.io/service-account-token') return []
  const full = [...Object.values(data ?? {}), ...Object.values(stringData)].some(value => value !== '' && value !== null)
  if (!full) return []
  const field = Object.keys(stringData).length > 0 ? 'stringData' : 'data'
  return [{ on, field, message: 'the values of this Secret are in the manifest: keep them in an external store, or seal them' }]
}
