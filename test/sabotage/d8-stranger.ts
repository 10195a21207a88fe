// Written from the lines that enforce, without a look at the attempts of the proof.
import type { Sabotage } from './sabotage.ts'

export const d8: readonly Sabotage[] = [
  {
    name: 'an exception is good to the end of its second',
    file: 'src/admission/pod-security/exceptions.ts',
    from: "now < Date.parse(spec.expires ?? '')",
    to: "now < Date.parse(spec.expires ?? '') + 999",
    proof: 'D8',
  },
  {
    name: 'checks of exceptions are compared by their beginning',
    file: 'src/admission/pod-security/exceptions.ts',
    from: '!checks.includes(check.id)',
    to: '!checks.some(each => check.id.startsWith(each.slice(0, 3)))',
    proof: 'D8',
  },
  {
    name: 'without a field, an exception covers ephemeral containers',
    file: 'src/admission/pod-security/exceptions.ts',
    from: "result.fields.some(field => field.startsWith('spec.ephemeralContainers'))",
    to: "(fields.length > 0 && result.fields.some(field => field.startsWith('spec.ephemeralContainers')))",
    proof: 'D8',
  },
  {
    name: 'sidecars and init containers are the same for the digest',
    file: 'src/admission/pod-security/template-digest.ts',
    from: "uncountedOfContainers: ReadonlySet<string> = new Set(['imagePullPolicy'])",
    to: "uncountedOfContainers: ReadonlySet<string> = new Set(['imagePullPolicy', 'restartPolicy'])",
    proof: 'D8',
  },
  {
    name: 'arguments do not count for the digest',
    file: 'src/admission/pod-security/template-digest.ts',
    from: "new Set(['imagePullPolicy'])",
    to: "new Set(['imagePullPolicy', 'args'])",
    proof: 'D8',
  },
  {
    name: 'host IPC does not count for the digest',
    file: 'src/admission/pod-security/template-digest.ts',
    from: "...['hostname', 'subdomain'],",
    to: "...['hostname', 'subdomain', 'hostIPC'],",
    proof: 'D8',
  },
  {
    name: 'annotations do not count for the digest',
    file: 'src/admission/pod-security/template-digest.ts',
    from: 'const annotations = without(pod.metadata.annotations ?? {}, uncountedMetadata)',
    to: 'const annotations = {}',
    proof: 'D8',
  },
  {
    name: 'mounts do not count for the digest',
    file: 'src/admission/pod-security/template-digest.ts',
    from: 'tokens.has(name) && mountPath === tokenPath && readOnly === true && Object.keys(more).length === 0',
    to: "name !== ''",
    proof: 'D8',
  },
  {
    name: 'a reason of any length is taken',
    file: 'src/api/resources/bulkhead/pod-security-exception.ts',
    from: 'return value.length > maxExceptionText ?',
    to: 'return value.length > 100 * maxExceptionText ?',
    proof: 'D8',
  },
]
