import type { ConfigMap, Secret } from '../../api/types/core-v1.ts'
import type { CheckFinding, ManifestCheck } from '../manifest-check.ts'
import type { CheckedObject, ObjectSet } from '../object-set.ts'
import { secretValues } from '../secret-values.ts'

const credentialName = /(?:^|[_.-])(?:password|passwd|passphrase|secret|token|api_?key|access_?key|private_?key|credentials?)$/i
/** Tokens that name a cluster or a place in a list, and open nothing. */
const harmlessName = /(?:^|[_.-])(?:cluster|page|next|continue|continuation)_?token$/i
/** Keys that only hold a credential: those of Kubernetes' types of Secrets. */
const credentialKeys: readonly string[] = ['tls.key', 'ssh-privatekey', '.dockerconfigjson', '.dockercfg']
/** A reference, a path, a switch, a number, or what a person or a template is to fill in. */
const noCredential = /^(?:\$[({].*|\/.*|true|false|\d+|<[^>]*>|\{\{.*\}\})$/s
const wordStart = /([a-z0-9])([A-Z])/g
const pem = /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/

/** A name that promises a credential, with a value that is one and no reference to it. */
function isCredential(name: string, value: string): boolean {
  if (pem.test(value)) return true
  const words = name.replaceAll(wordStart, '$1_$2')
  return credentialName.test(words) && !harmlessName.test(words) && value !== '' && !noCredential.test(value)
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

/** One finding for a Secret: what is to be done is the same for all of its keys. */
function inSecret(on: CheckedObject): CheckFinding[] {
  const found = secretValues(on.object as Secret).find(
    ({ key, value }) => isCredential(key, value) || (credentialKeys.includes(key) && value !== '' && !noCredential.test(value)),
  )
  if (found === undefined) return []
  const message = `"${found.key}" is a credential, and everybody who reads the manifest has it: keep it in an external store, or seal it`
  return [{ on, field: found.field, message }]
}
