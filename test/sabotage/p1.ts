// Sabotage of admission: webhooks, policies and what comes with the cluster.
import type { Sabotage } from './sabotage.ts'

const review = 'src/admission/webhook/review.ts'
const sender = 'src/server/proxy/webhooks/review-sender.ts'
const byHook = 'src/admission/webhook/review-by-hook.ts'
const shipped = 'src/admission/shipped-policies'
const index = 'src/admission/policy/policy-index.ts'

export const p1: readonly Sabotage[] = [
  {
    name: 'webhooks that fail let the request pass',
    file: byHook,
    from: 'const passed = hook.failsOpen || spared',
    to: 'const passed = true',
    proof: 'P1',
  },
  {
    name: 'administrators do not wait for dead webhooks',
    file: 'src/admission/webhook/system-request.ts',
    from: 'if (user.name === server) return true',
    to: "if (user.name === server || user.name === 'bulkhead-admin') return true",
    proof: 'P1',
  },
  {
    name: 'the certificate of a webhook is not verified',
    file: sender,
    from: 'rejectUnauthorized: true,',
    to: 'rejectUnauthorized: false,',
    proof: 'P1',
  },
  {
    name: 'the name in the certificate of a webhook is not verified',
    file: 'src/server/http/server-trust.ts',
    from: 'checkServerIdentity: checkAlternativeNames',
    to: 'checkServerIdentity: () => undefined',
    proof: 'P1',
  },
  {
    name: 'the body of an unsuccessful answer of a webhook counts',
    file: sender,
    from: 'if (statusCode < 200 || statusCode > 299) throw',
    to: 'if (statusCode < 200 || statusCode > 599) throw',
    proof: 'P1',
  },
  {
    name: 'the answer of a webhook may be that to another request',
    file: review,
    from: "if (response['uid'] !== uid) throw",
    to: "if (response['uid'] === undefined) throw",
    proof: 'P1',
  },
  {
    name: 'the answer of a webhook may be of any kind',
    file: review,
    from: 'if (given !== wanted) throw',
    to: "if (given === '') throw",
    proof: 'P1',
  },
  {
    name: 'the answer of a webhook that says nothing allows',
    file: review,
    from: 'const { allowed = false, status,',
    to: 'const { allowed = true, status,',
    proof: 'P1',
  },
  {
    name: 'policies see new objects only',
    file: 'src/admission/plugins/validating-admission-policy.ts',
    from: 'handles: request => index.candidates(request).length > 0,',
    to: "handles: request => request.operation !== 'UPDATE' && index.candidates(request).length > 0,",
    proof: 'P1',
  },
  {
    name: 'policies do not see subresources',
    file: 'src/admission/plugins/validating-admission-policy.ts',
    from: 'handles: request => index.candidates(request).length > 0,',
    to: "handles: request => request.subresource === '' && index.candidates(request).length > 0,",
    proof: 'P1',
  },
  {
    name: 'policies do not see dry runs',
    file: 'src/admission/plugins/validating-admission-policy.ts',
    from: 'handles: request => index.candidates(request).length > 0,',
    to: 'handles: request => !request.dryRun && index.candidates(request).length > 0,',
    proof: 'P1',
  },
  {
    name: 'webhooks do not see deletions',
    file: 'src/admission/plugins/validating-admission-webhook.ts',
    from: 'handles: request => index.candidates(request).length > 0,',
    to: "handles: request => request.operation !== 'DELETE' && index.candidates(request).length > 0,",
    proof: 'P1',
  },
  {
    name: 'connections to pods are not admitted',
    file: 'src/server/objects/connect-admission.ts',
    from: '  await admission.validate(asked, request.signal)\n',
    to: '',
    proof: 'P1',
  },
  {
    name: 'no policies come with the cluster',
    file: 'src/cluster/open-admission.ts',
    from: 'policySources: [shipped, ...',
    to: 'policySources: [...',
    proof: 'P1',
  },
  {
    name: 'a policy of the API replaces one of its name that comes with the cluster',
    file: index,
    from: '      return byName(source.policies()).flatMap(policy => {\n',
    to: '      return byName(source.policies()).flatMap(policy => {\n        if (this.#sources.slice(number + 1).some(later => later.policies().some(other => other.metadata.name === policy.metadata.name))) return []\n',
    proof: 'P1',
  },
  {
    name: 'powerful roles may be bound to all ServiceAccounts',
    file: `${shipped}/broad-bindings.ts`,
    from: ", 'system:serviceaccounts']",
    to: ']',
    proof: 'P1',
  },
  {
    name: 'powerful roles may be bound to everybody in a namespace',
    file: `${shipped}/broad-bindings.ts`,
    from: "resources: ['rolebindings', 'clusterrolebindings']",
    to: "resources: ['clusterrolebindings']",
    proof: 'P1',
  },
  {
    name: 'a volume of the root of the node is allowed',
    file: `${shipped}/host-path-volumes.ts`,
    from: 'variables.parts.size() > 0 && ',
    to: 'variables.parts.size() == 0 || ',
    proof: 'P1',
  },
  {
    name: 'paths of volumes are compared as they are written',
    file: `${shipped}/host-path-volumes.ts`,
    from: "variables.path.split('/').filter(part, part != '' && part != '.')",
    to: "variables.path.substring(1).split('/')",
    proof: 'P1',
  },
  {
    name: 'exec into exempt namespaces takes a right in the namespace alone',
    file: `${shipped}/exempt-pod-exec.ts`,
    from: '.subresource(request.subResource).check(verb)',
    to: '.subresource(request.subResource).namespace(request.namespace).check(verb)',
    proof: 'P1',
  },
  {
    name: 'shipped policies refuse only what fails in the policy itself',
    file: `${shipped}/shipped-policy.ts`,
    from: 'validationActions: [action]',
    to: "validationActions: ['Audit']",
    proof: 'P1',
  },
]
