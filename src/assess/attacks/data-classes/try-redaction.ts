// Plants a canary of each class by every way on which a value may travel, in a scratch cluster that records as much as its policy allows, and
// searches everything that the cluster wrote.
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { dataClassLabel } from '../../../api/data-classes/data-class.ts'
import { isJsonObject, parseJson } from '../../../base/json.ts'
import { writeJson } from '../../../base/write-json.ts'
import type { Transport } from '../../../client/transport/transport.ts'
import type { ProofContext } from '../../proof.ts'
import { request } from '../../request.ts'
import type { ScratchCluster } from '../../scratch-cluster.ts'
import type { ScratchClusters } from '../../scratch-clusters.ts'
import { searchFiles } from '../../search-files.ts'
import { until, within } from '../../until.ts'
import { WebhookBackend } from '../admission/webhook-backend.ts'
import { runCommand } from '../audit/run-command.ts'
import { groups, namespaces } from './canary-groups.ts'
import { crdPath, create, definitions, guests, personOf, personsIn, takeSteps } from './canary-paths.ts'
import { quotingPolicy, quotingWebhook } from './quoting-rules.ts'
import { tryEventOracle } from './try-event-oracle.ts'
import { tryLowering } from './try-lowering.ts'

const everything = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'RequestResponse' }] }
const whyPath = '/bulkhead/v1/why'
/** A guard: records are written within a second. */
const recordMs = 20_000
const newCanary = (name: string): string => `canary-${name}-${randomBytes(12).toString('hex')}`

interface Sample {
  /** Of the audit event. */
  readonly id: string
  readonly isRefused: boolean
}

/** Returns how many canaries there were. */
export async function tryRedaction(context: ProofContext, clusters: ScratchClusters, signal: AbortSignal): Promise<number> {
  const { attempts, clock } = context
  await using scratch = await clusters.open(signal)
  await using webhook = await WebhookBackend.open(clock.now())
  const target = `${scratch.directory}.target`
  const start = await scratch.serve(await flagsOf(scratch, target), signal)
  const { transport } = start
  await prepare(context, transport, webhook, signal)

  const shown = newCanary('shown')
  const canaries = new Map<string, string>()
  const samples: Sample[] = []
  for (const [name, stepsOf] of Object.entries(groups)) {
    const canary = newCanary(name)
    canaries.set(name, canary)
    const steps = stepsOf(canary)
    const ids = await takeSteps(transport, steps, signal)
    const all = steps.map(({ status }, index) => ({ id: ids[index] ?? '', isRefused: status >= 400 }))
    // Each refusal, since it may quote the object, and one that succeeded.
    samples.push(...all.filter(({ isRefused }) => isRefused), ...all.filter(({ isRefused }) => !isRefused).slice(-1))
  }
  // The twin: what is of no class is recorded, so that a search finds it.
  await takeSteps(transport, [create(personsIn(namespaces.plain), personOf('shown', { note: shown }))], signal)
  await tryLowering(context, transport, namespaces, signal)
  await tryEventOracle(context, transport, namespaces.plain, signal)

  const events = (await request(transport, { method: 'GET', path: '/api/v1/events' }, signal)).text
  const backup = await runCommand([...clusters.command, 'backup', 'create', 'prove', '--data-dir', scratch.directory], signal)
  if (backup.code !== 0) throw new Error(`the backup of the scratch cluster fails: ${backup.output}`)
  // A record reaches the disk before the answer of a write, and within a second for a read.
  const isRecorded = async () => ((await hits(scratch.directory, new Map([['shown', shown]]), signal)).size > 0 ? true : undefined)
  const isShown = await within(recordMs, clock, isRecorded, signal)
  attempts.record({
    ...{ name: 'a value of no class in the audit log', sent: 'search', expected: 'recorded' },
    ...{ answered: isShown === true ? 'recorded' : 'nowhere', held: isShown === true },
  })
  const explanations: string[] = []
  // A user has one search of the log at a time.
  for (const sample of samples) explanations.push(await explained(context, { transport, scratch }, sample, signal))
  // The command prints what the server answers; one refusal and one success show that it does.
  for (const isRefused of [true, false]) {
    const sample = samples.find(each => each.isRefused === isRefused)
    if (sample !== undefined)
      explanations.push(await printed([...clusters.command, 'why', sample.id, '--data-dir', scratch.directory], sample, signal))
  }
  const output = scratch.output
  await scratch.stop()

  const inFiles = await hits(scratch.directory, canaries, signal)
  const inTarget = await hits(target, canaries, signal)
  const places: readonly (readonly [string, (canary: string) => readonly string[]])[] = [
    ['files of the cluster', canary => inFiles.get(canary) ?? []],
    ['the backup', canary => inTarget.get(canary) ?? []],
    ['the logs of its parts', canary => linesWith(output, canary)],
    ['bulkhead why', canary => explanations.flatMap(text => linesWith(text, canary))],
    ['Events', canary => linesWith(events.replaceAll('"message"', '\n"message"'), canary)],
  ]
  for (const [where, search] of places)
    for (const [name, canary] of canaries) {
      const found = search(canary)
      attempts.record({
        ...{ name: `canary of ${name} in ${where}`, sent: 'search', expected: 'nowhere' },
        ...{ answered: found.slice(0, 2).join(' | ') || 'nowhere', held: found.length === 0 },
      })
    }
  return canaries.size
}

/** The server's answer. Without one, it says nothing about the canaries. */
async function explained(
  { clock }: ProofContext,
  { transport, scratch }: { readonly transport: Transport; readonly scratch: ScratchCluster },
  { id, isRefused }: Sample,
  signal: AbortSignal,
): Promise<string> {
  const path = `${whyPath}/${id}`
  // A read may be answered before its record is there.
  const isKnown = async () => {
    const answer = await request(transport, { method: 'GET', path }, signal)
    return answer.status === 404 ? undefined : answer
  }
  const { status, text = 'no record' } = (await within(recordMs, clock, isKnown, signal)) ?? {}
  const explanation = status === 200 ? parseJson(text) : undefined
  if (!isJsonObject(explanation) || explanation['allowed'] !== !isRefused)
    throw new Error(
      `${path} is answered ${status}: ${text}; the cluster printed: ${scratch.output.split('\n').filter(isError).slice(-3).join('\n')}`,
    )
  return text
}

/** What the command prints. */
async function printed(command: readonly string[], { id, isRefused }: Sample, signal: AbortSignal): Promise<string> {
  const { code, output } = await runCommand(command, signal)
  if (code !== (isRefused ? 2 : 0)) throw new Error(`\`bulkhead why ${id}\` exits with ${code}: ${output.trim()}`)
  return output
}

const isError = (line: string): boolean => line.startsWith('{"level":50')

const linesWith = (text: string, canary: string): string[] => text.split('\n').filter(line => line.includes(canary))

/** By canary: the files that have it, as it is or in base64. */
async function hits(folder: string, canaries: ReadonlyMap<string, string>, signal: AbortSignal): Promise<ReadonlyMap<string, string[]>> {
  const needles = new Map<string, Buffer>()
  for (const canary of canaries.values()) {
    needles.set(canary, Buffer.from(canary))
    needles.set(`base64 ${canary}`, Buffer.from(Buffer.from(canary).toString('base64').slice(0, -4)))
  }
  const { hits: found } = await searchFiles(folder, needles, path => path.startsWith('run'), signal)
  const byCanary = new Map<string, string[]>()
  for (const [file, names] of found)
    for (const name of names) {
      const canary = name.replace('base64 ', '')
      byCanary.set(canary, [...(byCanary.get(canary) ?? []), file])
    }
  return byCanary
}

/** Every body at every level, debug logs, a simulated node, and backups into a folder. */
async function flagsOf({ directory }: ScratchCluster, target: string): Promise<readonly string[]> {
  const [policy, backup] = [`${directory}.policy.yaml`, `${directory}.backup.yaml`]
  await mkdir(target)
  await chmod(target, 0o777)
  const recipient = await identityToRecipient(await generateX25519Identity())
  await writeFile(policy, writeJson(everything))
  await writeFile(backup, writeJson({ recipients: [recipient], targets: [{ name: 'prove', folder: target }] }), { mode: 0o600 })
  return ['--simulated-nodes', '1', '--audit-policy-file', policy, '--log-level', 'debug', '--backup', backup]
}

async function prepare({ clock }: ProofContext, transport: Transport, webhook: WebhookBackend, signal: AbortSignal): Promise<void> {
  const namespace = (name: string, labels: object) =>
    create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } })
  const registration = '/apis/admissionregistration.k8s.io/v1'
  const { policy, binding } = quotingPolicy
  const steps = [
    namespace(namespaces.personal, { [dataClassLabel]: 'personal' }),
    namespace(namespaces.confidential, { [dataClassLabel]: 'confidential' }),
    namespace(namespaces.plain, {}),
    ...definitions.map(definition => create(crdPath, definition)),
    create(`${registration}/validatingadmissionpolicies`, policy),
    create(`${registration}/validatingadmissionpolicybindings`, binding),
    create(`${registration}/validatingwebhookconfigurations`, quotingWebhook(webhook)),
  ]
  await takeSteps(transport, steps, signal)
  // Until the kinds are served, and the policy and the webhook refuse.
  const probe = async (note: string, names?: typeof guests) => {
    const path = `${personsIn(namespaces.plain, names)}?dryRun=All`
    return (await request(transport, { method: 'POST', path, body: personOf('probe', { note }, {}, names) }, signal)).status
  }
  const isReady = async () => {
    const byPolicy = await Promise.all([probe('refused by a policy'), probe('refused by a policy', guests)])
    const byWebhook = await Promise.all([probe('refused by a webhook'), probe('refused by a webhook', guests)])
    const accounts = await Promise.all(
      Object.values(namespaces).map(name =>
        request(transport, { method: 'GET', path: `/api/v1/namespaces/${name}/serviceaccounts/default` }, signal),
      ),
    )
    const refuse = byPolicy.every(status => status === 422) && byWebhook.every(status => status === 403)
    return refuse && accounts.every(({ status }) => status === 200) ? true : undefined
  }
  await until(clock, isReady, signal)
}
