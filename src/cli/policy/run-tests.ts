// Runs the tables of policy tests against a server in memory with the policies.
import { type Features, noFeatures } from '../../api/features.ts'
import { parseJson } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import { Client } from '../../client/client.ts'
import { resourcePath } from '../../client/resource-ref.ts'
import type { ApiRequest } from '../../client/transport/transport.ts'
import { splitDocuments } from '../check/documents.ts'
import { openLayouts } from '../check/images/open-layouts.ts'
import { unevaluatedImages } from '../check/images/unevaluated-images.ts'
import { kustomize } from '../check/kustomize.ts'
import { type Manifest, readManifests } from '../check/manifests.ts'
import { ObjectValidator } from '../check/object-validator.ts'
import { type OfflineServer, openOffline } from '../check/offline.ts'
import { readSources } from '../check/sources.ts'
import { applyOffline, prepareAccounts, prepareNamespaces } from '../check/validate-offline.ts'
import type { Answer } from '../check/verdict.ts'
import { becomesProblem } from './expected-mutation.ts'
import { allRights, rightObjects } from './rights.ts'
import type { PolicyCase, PolicyTest } from './test-file.ts'

export interface CaseResult {
  readonly file: string
  readonly name: string
  /** What is not as expected; undefined if all is. */
  readonly problem: string | undefined
  /** What was not evaluated. */
  readonly note?: string
}

/** `images`: OCI layouts, as for `bulkhead check`; without them, image policies are not evaluated. */
export async function runPolicyTest(test: PolicyTest, signal: AbortSignal, images: readonly string[] = []): Promise<CaseResult[]> {
  const policies = await readPolicies(test.policies)
  const { profile, rights } = test
  const features = featuresOf(policies)
  await using layouts = new AsyncDisposableStack()
  const registries = await openLayouts(images, layouts, signal)
  await using server = await openOffline(
    { profile, roles: true, features, alwaysAllow: rights !== undefined, ...(registries === undefined ? {} : { images: registries }) },
    signal,
  )
  const manifests = test.cases.map(({ object }) => manifestOf(object, test.file))
  const old = test.cases.flatMap(({ operation, object, oldObject }) =>
    operation === 'CREATE' ? [] : [manifestOf(oldObject ?? object, test.file)],
  )
  await prepareServer(server, policies, old, [...manifests, ...old], test.namespace, signal)
  const roles = (rights ?? []).flatMap(rightObjects).map(object => manifestOf({ ...object }, test.file))
  await prepareNamespaces(server, roles, test.namespace)
  await apply(server, roles, test.namespace, signal)
  const results: CaseResult[] = []
  const unevaluated = await unevaluatedImages(new Client(server.transport), signal)
  const users = new Map<string, ObjectValidator>()
  for (const [index, one] of test.cases.entries()) {
    const manifest = manifests[index]
    if (manifest === undefined) continue
    const key = writeJson([one.user, one.groups])
    const evaluate =
      users.get(key) ??
      (await evaluateOf(server, one, { namespace: test.namespace, keeps: false, everything: rights === undefined }, signal))
    users.set(key, evaluate)
    const answer = await ask(evaluate, one, manifest, test.namespace)
    const note = images.length === 0 ? unevaluated(answer) : undefined
    results.push({ file: test.file, name: one.name, problem: problemOf(one, answer), ...(note === undefined ? {} : { note }) })
  }
  return results
}

/** Creates what must exist before the policies, and then the policies. Throws a `UserError` if the server refuses one. */
export async function prepareServer(
  server: OfflineServer,
  policies: readonly Manifest[],
  before: readonly Manifest[],
  all: readonly Manifest[],
  namespace: string,
  signal: AbortSignal,
): Promise<void> {
  // Kinds and namespaces first: their objects may have to exist before the policies.
  const early = policies.filter(({ kind }) => kind === 'CustomResourceDefinition' || kind === 'Namespace')
  await apply(server, early, namespace, signal)
  await prepareNamespaces(server, all, namespace)
  await prepareAccounts(server, all, namespace)
  await apply(server, before, namespace, signal)
  await apply(
    server,
    policies.filter(policy => !early.includes(policy)),
    namespace,
    signal,
  )
}

async function apply(server: OfflineServer, manifests: readonly Manifest[], namespace: string, signal: AbortSignal): Promise<void> {
  const verdicts = await applyOffline(server, manifests, namespace, signal)
  for (const [index, { kind, name, document }] of manifests.entries()) {
    const verdict = verdicts[index]
    if (verdict?.outcome === 'admitted') continue
    const why = verdict?.outcome === 'refused' ? verdict.status.message : 'nothing defines this kind'
    throw new UserError(`${kind} "${name}" of "${document.file}" cannot be applied: ${why}`)
  }
}

/** The objects of the files and folders. Throws a `UserError` if one is not a manifest. */
export async function readPolicies(paths: readonly string[]): Promise<readonly Manifest[]> {
  const { texts } = await readSources(paths, { stdin: process.stdin, kustomize: folder => kustomize(folder) })
  const { manifests, findings } = readManifests(texts.flatMap(({ file, text }) => splitDocuments(file, text)))
  const [finding] = findings
  if (finding !== undefined) throw new UserError(`${finding.file}:${finding.line}: ${finding.message}`)
  return manifests
}

/** An object of a table as if it were in a file of its own. */
export function manifestOf(object: Readonly<Record<string, unknown>>, file: string): Manifest {
  const { manifests, findings } = readManifests(splitDocuments(file, writeJson(object)))
  const [manifest] = manifests
  if (manifest === undefined)
    throw new UserError(`"${file}" holds an invalid object: ${findings[0]?.message ?? 'apiVersion and kind are missing'}`)
  return manifest
}

/** Switches on what mutating policies need, if there are any. */
export function featuresOf(policies: readonly Manifest[]): Features {
  const alpha = policies.some(({ apiVersion, kind }) => apiVersion === alphaAdmission && kind.startsWith('MutatingAdmissionPolicy'))
  return alpha ? { groupVersions: [alphaAdmission], mutatingAdmissionPolicy: true } : noFeatures
}

const alphaAdmission = 'admissionregistration.k8s.io/v1alpha1'

interface EvaluateSettings {
  readonly namespace: string
  readonly keeps: boolean
  /** Whether the user has all rights. */
  readonly everything: boolean
}

export async function evaluateOf(
  server: OfflineServer,
  { user, groups }: Pick<PolicyCase, 'user' | 'groups'>,
  { namespace, keeps, everything }: EvaluateSettings,
  signal: AbortSignal,
): Promise<ObjectValidator> {
  if (everything) await server.prepare([allRights(user)])
  const transport = server.as({ name: user, groups: [...groups.filter(group => group !== authenticated), authenticated] })
  return new ObjectValidator({ transport, namespace, keeps: () => keeps, signal })
}

const authenticated = 'system:authenticated'

async function ask(evaluate: ObjectValidator, { operation }: PolicyCase, manifest: Manifest, namespace: string): Promise<Answer> {
  const resource = await evaluate.kinds.find(manifest.apiVersion, manifest.kind)
  if (resource === undefined) return { outcome: 'unknown-kind' }
  const where = manifest.namespace ?? namespace
  const own = operation === 'CREATE' ? '' : manifest.name
  const path = `${resourcePath(resource, where, own)}?dryRun=All`
  const headers = { 'content-type': 'application/json' }
  const body = Buffer.from(writeJson(manifest.value))
  const requests: Readonly<Record<PolicyCase['operation'], ApiRequest>> = {
    CREATE: { method: 'POST', path, headers, body },
    UPDATE: { method: 'PUT', path, headers, body },
    DELETE: { method: 'DELETE', path },
  }
  return await evaluate.send(requests[operation], resource)
}

function problemOf({ expect, by, message, warning, becomes, object }: PolicyCase, answer: Answer): string | undefined {
  if (answer.outcome === 'unknown-kind') return 'nothing defines the kind of the object'
  const { warnings } = answer
  if (answer.outcome === 'refused') {
    const said = answer.status.message ?? ''
    if (expect === 'admitted') return `refused: ${said}`
    if (by !== undefined && by !== answer.plugin) return `refused by ${answer.plugin ?? 'no admission plug-in'}: ${said}`
    if (message !== undefined && !said.includes(message)) return `refused with another message: ${said}`
  } else {
    if (expect === 'refused') return 'admitted'
    const problem = becomes && becomesProblem(becomes, object, parseJson(answer.text))
    if (problem !== undefined) return problem
  }
  if (warning !== undefined && !warnings.some(text => text.includes(warning)))
    return warnings.length === 0 ? 'no warning' : `other warnings: ${warnings.join('; ')}`
  return undefined
}
