// An account that enforces its list of Secrets: each way in which a pod of it can use another one, and the same with one of the list.
import type { PodSpec, Volume } from '../../../api/types/core-v1.ts'
import { serviceAccounts } from '../../../client/resources.ts'
import { inParallel } from '../../in-parallel.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { bareContainer, harmlessSpec, podObject, smallResources } from '../../proof-pods.ts'
import type { ProofRequest } from '../../request.ts'

const account = 'listing'

interface Way {
  readonly name: string
  fields(secret: string): Partial<PodSpec>
}

const volume = (source: Omit<Volume, 'name'>): Partial<PodSpec> => ({ volumes: [{ name: 'a', ...source }] })
const main = { ...bareContainer(), resources: smallResources }
const byName = (secret: string) => ({ env: [{ name: 'A', valueFrom: { secretKeyRef: { name: secret, key: 'a' } } }] })
const whole = (secret: string) => ({ envFrom: [{ secretRef: { name: secret } }] })

const ways: readonly Way[] = [
  { name: 'a volume', fields: secret => volume({ secret: { secretName: secret } }) },
  { name: 'a projected volume', fields: secret => volume({ projected: { sources: [{ secret: { name: secret } }] } }) },
  ...(
    [
      ['a variable', byName],
      ['all variables', whole],
    ] as const
  ).flatMap(([name, more]): Way[] => [
    { name: `${name} of a container`, fields: secret => ({ containers: [{ ...main, ...more(secret) }] }) },
    { name: `${name} of an init container`, fields: secret => ({ initContainers: [{ ...main, name: 'first', ...more(secret) }] }) },
  ]),
  { name: 'a pull Secret', fields: secret => ({ imagePullSecrets: [{ name: secret }] }) },
]

export async function tryListedSecrets(
  { attempts, client, transport }: ProofContext,
  namespace: ProofNamespace,
  signal: AbortSignal,
): Promise<void> {
  const annotations = { 'kubernetes.io/enforce-mountable-secrets': 'true' }
  const listed = [{ name: 'listed' }]
  await client.create(
    serviceAccounts,
    namespace.name,
    { metadata: { name: account, annotations }, secrets: listed, imagePullSecrets: listed },
    signal,
  )
  const create = (fields: Partial<PodSpec>): ProofRequest => ({
    ...{ method: 'POST', path: namespace.core('pods?dryRun=All') },
    body: podObject('listing', harmlessSpec({ serviceAccountName: account, ...fields })),
  })
  await inParallel(ways, async ({ name, fields }) => {
    await attempts.accepted(`a Secret of the account's list by ${name}`, transport, create(fields('listed')), signal)
    const names = 'does not reference that'
    await attempts.refused(`a Secret that the account does not list by ${name}`, transport, create(fields('other')), { names }, signal)
  })
}
