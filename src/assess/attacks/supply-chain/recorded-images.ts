// Whether what runs has an entry that nobody else can write, and that shows nothing to who may not see the pods.
import { imageName } from '../../../api/resources/supply/image.ts'
import { images, pods } from '../../../client/resources.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec, podObject } from '../../proof-pods.ts'
import { mergePatch, request } from '../../request.ts'
import { within } from '../../until.ts'

/** No registry has it. */
export const provedDigest = (byte: string): string => `sha256:${byte.repeat(32)}`

const entryMs = 60_000

/** A pod whose image nobody can read gets an entry all the same, with the reason. */
export async function tryUnrecorded(
  { attempts, client, clock }: ProofContext,
  namespace: ProofNamespace,
  signal: AbortSignal,
): Promise<void> {
  const digest = provedDigest('5a')
  const image = `example.invalid/prove/recorded:1@${digest}`
  await client.create(pods, namespace.name, podObject('recorded', harmlessSpec({ serviceAccountName: 's1' }, { image })), signal)
  const wanted = `${namespace.name}/recorded`
  const entry = await within(
    entryMs,
    clock,
    async () => {
      const { items } = await client.list(images, {}, signal)
      return items.find(
        ({ spec, status }) => spec.digest === digest && status?.running?.names?.includes(wanted) && status.sbom !== undefined,
      )
    },
    signal,
    200,
  )
  attempts.record({
    name: 'a pod of an image that no registry has',
    sent: 'POST pods',
    expected: 'an Image with the pod, and why it was not read',
    answered: entry === undefined ? 'there is none' : `${entry.status?.sbom?.source}: ${entry.status?.sbom?.message ?? ''}`,
    held: entry?.status?.sbom?.source === 'None' && (entry.status.sbom.message ?? '') !== '',
  })
  const listed = await client.listAll(pods, {}, signal)
  attempts.record({
    name: 'the pods of the cluster',
    sent: 'GET pods',
    expected: 'the new one among them',
    answered: `${listed.length} pods`,
    held: listed.some(({ metadata }) => `${metadata.namespace}/${metadata.name}` === wanted),
  })
}

/** `tenant` is a user who may list the pods of its namespace. */
export async function tryForgedEntries({ attempts, transport }: ProofContext, tenant: string, signal: AbortSignal): Promise<void> {
  const path = '/apis/supply.bulkhead.dev/v1/images'
  const forged = (name: string, digest: string) => ({
    apiVersion: 'supply.bulkhead.dev/v1',
    kind: 'Image',
    metadata: { name },
    spec: { digest },
    status: { findings: { critical: 0, high: 0, medium: 0, low: 0, unknown: 0, fixable: 0, time: '2026-01-01T00:00:00Z' } },
  })
  const digest = provedDigest('5b')
  const create = { method: 'POST', path: `${path}?dryRun=All`, body: forged(imageName(digest), digest) } as const
  const as = { headers: { 'impersonate-user': tenant } }
  await attempts.accepted('an entry by an administrator', transport, create, signal)
  await attempts.refused('an entry by a tenant', transport, { ...create, ...as }, {}, signal)
  const known = `${path}/${imageName(provedDigest('5a'))}`
  const patch = { method: 'PATCH', path: `${known}?dryRun=All`, body: { status: { findings: null } }, contentType: mergePatch } as const
  await attempts.refused('findings removed by a tenant', transport, { ...patch, ...as }, {}, signal)
  await attempts.refused('an entry deleted by a tenant', transport, { method: 'DELETE', path: `${known}?dryRun=All`, ...as }, {}, signal)
  const misnamed = { ...create, body: forged(imageName(provedDigest('5c')), digest) }
  await attempts.refused('an entry under the name of another digest', transport, misnamed, { status: 422, names: 'metadata.name' }, signal)
}

/** `tenant` may list the pods of the namespace, and `stranger` may list none. */
export async function trySearches(
  { attempts, transport }: ProofContext,
  { tenant, stranger }: { readonly tenant: string; readonly stranger: string },
  signal: AbortSignal,
): Promise<void> {
  const path = '/bulkhead/v1/where?package=bulkhead-prove-none'
  const seen = async (name: string, user: string | undefined, wanted: boolean) => {
    const headers: Readonly<Record<string, string>> =
      user === undefined ? {} : { 'impersonate-user': user, 'impersonate-group': 'system:authenticated' }
    const { status, text } = await request(transport, { method: 'GET', path, headers }, signal)
    const found = text.includes('example.invalid/prove/recorded')
    attempts.record({
      name,
      sent: `GET ${path}`,
      expected: wanted ? 'the image that was not read' : 'nothing of the image',
      answered: `answered ${status}${found ? ' with the image' : ''}`,
      held: status === 200 && found === wanted,
    })
  }
  await seen('a search by an administrator', undefined, true)
  await seen('a search by who may list the pods', tenant, true)
  await seen('a search by who may list no pods', stranger, false)
}
