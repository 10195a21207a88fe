import type { ConfigMap, Secret } from '../../api/types/core-v1.ts'
import type { CheckFinding, ManifestCheck } from '../manifest-check.ts'
import type { CheckedObject, ObjectSet } from '../object-set.ts'
import { secretValues } from '../secret-values.ts'

const credentialName = /(?:^|[_.-])(?:password|passwd|passphrase|secret|token|api_?key|access_?key|private_?key|credentials?)$/i
/** Tokens that name a cluster or a position in a list, and give no access. */
const harmlessName = /(?:^|[_.-])(?:cluster|page|next|continue|continuation)_?token$/i
/** Keys of Kubernetes' Secret types that always hold a credential. */
const credentialKeys: readonly string[] = ['tls.key', 'ssh-privatekey', '.dockerconfigjson', '.dockercfg']
/** A reference, a path, a switch, a number, or a placeholder. */
const noCredential = /^(?:\$[({].*|\/.*|true|false|\d+|<[^>]*>|\{\{.*\}\})$/s
const wordStart = /([a-z0-9])([A-Z])/g
const pem = /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/

/** A name that suggests a credential, with a literal value. */
function isCredential(name: string, value: string): boolean {
  if (pem.test(value)) return true
  const words = name.replaceAll(wordStart, '$1_$2')
  return credentialName.test(words) && !harmlessName.test(words) && value !== '' && !noCredential.test(value)
}

/** Everybody who can read the repository can read a manifest, for as long as its history lasts. */
export const literalSecret: ManifestCheck = {
  id: 'literal-secret',
  severity: 'error',
  title: 'Manifests contain no credentials',
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
                message: `variable "${name}" contains a credential: take it from a Secret`,
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
      ? [{ on, field: 'data', message: `"${key}" is a credential in a ConfigMap, which is not protected like a Secret` }]
      : [],
  )
}

/** One finding per Secret, because the remedy is the same for all of its keys. */
function inSecret(on: CheckedObject): CheckFinding[] {
  const found = secretValues(on.object as Secret).find(
    ({ key, value }) => isCredential(key, value) || (credentialKeys.includes(key) && value !== '' && !noCredential.test(value)),
  )
  if (found === undefined) return []
  const message = `"${found.key}" is a credential, and everybody who can read the manifest can use it: keep it in an external store, or seal it`
  return [{ on, field: found.field, message }]
}
