// Written from the lines that enforce, without a look at the attempts of the proof.
import type { Sabotage } from './sabotage.ts'

export const a7: readonly Sabotage[] = [
  {
    name: 'a pod may be of an account that does not exist',
    file: 'src/admission/plugins/service-account.ts',
    from: `if (account === undefined)
      return refuse`,
    to: `if (account === undefined && name === '')
      return refuse`,
    proof: 'A7',
  },
  {
    name: 'issued tokens live longer than requested',
    file: 'src/access/tokens/issue-token.ts',
    from: 'exp: now + (extended ? year : expirationSeconds)',
    to: 'exp: now + (extended ? year : expirationSeconds * 2)',
    proof: 'A7',
  },
  {
    name: 'a token may be requested for less than ten minutes',
    file: 'src/access/tokens/issue-token.ts',
    from: 'if (asked < minTokenSeconds) throw refuse',
    to: 'if (asked < 0) throw refuse',
    proof: 'A7',
  },
  {
    name: 'the audiences of a token are those of the server beside the wanted',
    file: 'src/access/tokens/issue-token.ts',
    from: 'const audiences = spec.audiences && spec.audiences.length > 0 ? spec.audiences : (parts.audiences ?? [issuer])',
    to: 'const audiences = spec.audiences && spec.audiences.length > 0 ? [...spec.audiences, ...(parts.audiences ?? [issuer])] : (parts.audiences ?? [issuer])',
    proof: 'A7',
  },
  {
    name: 'a token for a Secret is bound to nothing',
    file: 'src/access/tokens/issue-token.ts',
    from: `case 'Secret':
      return { secret: reference(find('secrets', namespace)) }`,
    to: `case 'Secret':
      reference(find('secrets', namespace))
      return {}`,
    proof: 'A7',
  },
  {
    name: 'tokens are mounted writable',
    file: 'src/admission/plugins/service-account.ts',
    from: '{ name, readOnly: true, mountPath }',
    to: '{ name, mountPath }',
    proof: 'A7',
  },
  {
    name: 'a pod reads Secrets that its account does not list',
    file: 'src/admission/plugins/service-account.ts',
    from: "if (account.metadata.annotations?.[enforceMountable] !== 'true') return admitted",
    to: "if (account.metadata.annotations?.[enforceMountable] !== 'yes') return admitted",
    proof: 'A7',
  },
  {
    name: 'projected Secrets count as listed',
    file: 'src/admission/plugins/service-account.ts',
    from: '[csi?.nodePublishSecretRef?.name, azureFile?.secretName, ...drivers, ...projections].find(isUnlisted)',
    to: '[csi?.nodePublishSecretRef?.name, azureFile?.secretName, ...drivers].find(isUnlisted)',
    proof: 'A7',
  },
  {
    name: 'variables of init containers read any Secret',
    file: 'src/admission/plugins/service-account.ts',
    from: "unlistedInContainers(pod.spec.initContainers ?? [], 'init container', mountable, owner) ??",
    to: "unlistedInContainers([], 'init container', mountable, owner) ??",
    proof: 'A7',
  },
  {
    name: 'bindings of the cluster itself count as grants',
    file: 'src/access/authorizers/subject-grants.ts',
    from: 'return binding?.namespace === namespace && !binding.name.startsWith(ownPrefix)',
    to: 'return binding?.namespace === namespace',
    proof: 'A7',
  },
  {
    name: 'a token names no pod to the API',
    file: 'src/access/authenticators/service-account-token.ts',
    from: "...(pod ? { 'authentication.kubernetes.io/pod-name': [pod.name], 'authentication.kubernetes.io/pod-uid': [pod.uid] } : {}),",
    to: '',
    proof: 'A7',
  },
]
