// Sabotage of workload identity: which pods get a token, for how long, and what ends it.
import type { Sabotage } from './sabotage.ts'

const account = 'src/admission/plugins/service-account.ts'
const request = 'src/admission/node-token-request.ts'
const rbac = 'src/access/authorizers/rbac.ts'
const issue = 'src/access/tokens/issue-token.ts'
const token = 'src/access/authenticators/service-account-token.ts'
const proof = 'A7'

export const a7: readonly Sabotage[] = [
  {
    name: 'a pod gets its token without a grant',
    file: account,
    from: 'pod.metadata.annotations = { ...pod.metadata.annotations, [tokenAnnotation]: withFirstRight }',
    to: 'pod.metadata.annotations = { ...pod.metadata.annotations }',
    proof,
  },
  {
    name: 'what everybody may counts as a grant',
    file: rbac,
    from: 'groups.get(group)?.hasOfAdministrators(scope)',
    to: 'groups.get(group)?.hasAny(scope)',
    proof,
  },
  {
    name: 'a pod that declines the token gets it',
    file: account,
    from: 'pod.spec.automountServiceAccountToken ?? account.automountServiceAccountToken',
    to: 'account.automountServiceAccountToken',
    proof,
  },
  {
    name: 'an account that declines the token gets it',
    file: account,
    from: 'pod.spec.automountServiceAccountToken ?? account.automountServiceAccountToken',
    to: 'pod.spec.automountServiceAccountToken',
    proof,
  },
  {
    name: 'the mounted token lives a day',
    file: account,
    from: 'serviceAccountToken: { expirationSeconds: tokenSeconds,',
    to: 'serviceAccountToken: { expirationSeconds: 24 * tokenSeconds,',
    proof,
  },
  {
    name: 'a node gets the token of an account without a grant',
    file: request,
    from: "if (audience === '' && needsRight(pod) && hasRights?.(namespace, name) === false)",
    to: "if (audience === '' && needsRight(pod) && hasRights === undefined)",
    proof,
  },
  {
    name: 'a grant is remembered after it is withdrawn',
    file: 'src/access/authorizers/subject-grants.ts',
    from: 'this.#grants.splice(at, 1)',
    to: 'this.#grants.splice(at, 0)',
    proof,
  },
  { name: 'the issued token is not bound to its pod', file: issue, from: '...(bound.pod ? { pod: bound.pod } : {}),', to: '', proof },
  {
    name: 'the uid of the bound pod is not compared at issue',
    file: issue,
    from: 'if (uid && uid !== found) {',
    to: "if (uid && found === '') {",
    proof,
  },
  {
    name: 'a token is issued for a pod of another account',
    file: issue,
    from: 'if (pod.spec?.serviceAccountName !== name) {',
    to: 'if (pod.spec === undefined) {',
    proof,
  },
  {
    name: 'the requested audience is ignored',
    file: issue,
    from: 'spec.audiences && spec.audiences.length > 0 ? spec.audiences : ',
    to: '',
    proof,
  },
  {
    name: 'a token outlives its pod',
    file: token,
    from: "(pod && boundRefusal('pod', objects.get('pods', namespace, pod.name), pod.uid, now)) ??",
    to: '',
    proof,
  },
  {
    name: 'a token of a pod is good for a later pod of its name',
    file: token,
    from: 'return uid === claimed ? undefined',
    to: "return uid !== '' ? undefined",
    proof,
  },
  {
    name: 'bindings of other namespaces count as grants',
    file: rbac,
    from: 'users.get(user.name)?.hasAny(scope)',
    to: '(users.get(user.name)?.size ?? 0) > 0',
    proof,
  },
]
