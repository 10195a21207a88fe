// Plants a canary of each class by every way on which a value may travel, in a scratch cluster that records as much as its policy allows, and
// searches everything that the cluster wrote.
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { dataClassLabel } from '../../../api/data-classes/data-class.ts'
import type { Transport } from '../../../client/transport/transport.ts'
import type { ProofContext } from '../../proof.ts'
import { request } from '../../request.ts'
import { ScratchCluster } from '../../scratch-cluster.ts'
import { searchFiles } from '../../search-files.ts'
import { until } from '../../until.ts'
import { WebhookBackend } from '../admission/webhook-backend.ts'
import { runCommand } from '../audit/run-command.ts'
import { coreSteps, crdPath, eventStep, peopleDefinition, peopleIn, personSteps, type Step, takeSteps } from './canary-paths.ts'
import { quotingPolicy, quotingWebhook } from './quoting-rules.ts'
import { tryLowering } from './try-lowering.ts'

const everything = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'RequestResponse' }] }
const namespaces = { personal: 'personal', confidential: 'confidential', plain: 'plain' }
const newCanary = (name: string): string => `canary-${name}-${randomBytes(12).toString('hex')}`

/** Returns how many canaries there were. */
export async function tryRedaction(context: ProofContext, command: readonly string[], signal: AbortSignal): Promise<number> {
  const { attempts, clock } = context
  await using scratch = await ScratchCluster.create(command)
  await using webhook = await WebhookBackend.open(clock.now())
  const target = `${scratch.directory}.target`
  const start = await scratch.start(await flagsOf(scratch, target), signal)
  if (!start.started) throw new Error(`a cluster of the proof's own does not start: ${start.output.trim()}`)
  const { transport } = start
  await prepare(context, transport, webhook, signal)

  const canaries = new Map(['label', 'namespace', 'class', 'field', 'secret', 'lower'].map(name => [name, newCanary(name)]))
  const of = (name: string): string => canaries.get(name) ?? ''
  const shown = newCanary('shown')
  const personal = { [dataClassLabel]: 'personal' }
  const steps: readonly Step[] = [
    // A class by the namespace, for whatever is in it; a lower label of the object does not count.
    ...[...personSteps(namespaces.personal, of('namespace')), ...coreSteps(namespaces.personal, of('namespace'), {})],
    eventStep(namespaces.personal, 'Pod', 'canary', of('namespace')),
    ...personSteps(namespaces.confidential, of('lower'), { [dataClassLabel]: 'public' }),
    ...coreSteps(namespaces.confidential, of('lower'), { [dataClassLabel]: 'public' }),
    eventStep(namespaces.confidential, 'Pod', 'canary', of('lower')),
    // By the object's own label, and by its kind's definition.
    ...coreSteps(namespaces.plain, of('label'), personal),
    eventStep(namespaces.plain, 'Pod', 'canary', of('label')),
    ...personSteps(namespaces.plain, of('field')),
    { question: { method: 'POST', path: peopleIn(namespaces.plain), body: personOf('kept', { email: of('field') }) }, status: 201 },
    eventStep(namespaces.plain, 'Person', 'kept', of('field')),
    // Secrets without any label.
    { question: { method: 'POST', path: secretsPath, body: secretOf('unlabeled', of('secret')) }, status: 201 },
    eventStep(namespaces.plain, 'Secret', 'unlabeled', of('secret')),
    // The twin: what is of no class is recorded, so that a search finds it.
    { question: { method: 'POST', path: peopleIn(namespaces.plain), body: personOf('shown', { note: shown }) }, status: 201 },
  ]
  const ids = await takeSteps(transport, steps, signal)
  await tryLowering(context, transport, namespaces, signal)

  const said = await Promise.all(
    ids.slice(-24).map(async id => (await runCommand([...command, 'why', id, '--data-dir', scratch.directory], signal)).output),
  )
  const events = (await request(transport, { method: 'GET', path: '/api/v1/events' }, signal)).text
  const backup = await runCommand([...command, 'backup', 'create', 'prove', '--data-dir', scratch.directory], signal)
  if (backup.code !== 0) throw new Error(`the backup of the scratch cluster fails: ${backup.output}`)
  // A record reaches the disk before the answer of a write, and within a second for a read.
  const isRecorded = async () => ((await hits(scratch.directory, new Map([['shown', shown]]), signal)).size > 0 ? true : undefined)
  await until(clock, isRecorded, signal)
  const output = scratch.output
  await scratch.stop()

  report(context, 'a value of no class in the audit log', 'recorded', true)
  const inFiles = await hits(scratch.directory, canaries, signal)
  const inTarget = await hits(target, canaries, signal)
  const places: readonly (readonly [string, (canary: string) => readonly string[]])[] = [
    ['files of the cluster', canary => inFiles.get(canary) ?? []],
    ['the backup', canary => inTarget.get(canary) ?? []],
    ['the logs of its parts', canary => linesWith(output, canary)],
    ['bulkhead why', canary => said.flatMap(text => linesWith(text, canary))],
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

const secretsPath = `/api/v1/namespaces/${namespaces.plain}/secrets`
const secretOf = (name: string, value: string) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: { value } })
const personOf = (name: string, spec: object) => ({ apiVersion: 'prove.bulkhead.dev/v1', kind: 'Person', metadata: { name }, spec })

const report = ({ attempts }: ProofContext, name: string, answered: string, held: boolean): void =>
  attempts.record({ name, sent: 'search', expected: 'recorded', answered, held })

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
  await writeFile(policy, JSON.stringify(everything))
  await writeFile(backup, JSON.stringify({ recipients: [recipient], targets: [{ name: 'prove', folder: target }] }), { mode: 0o600 })
  return ['--simulated-nodes', '1', '--audit-policy-file', policy, '--log-level', 'debug', '--backup', backup]
}

async function prepare({ clock }: ProofContext, transport: Transport, webhook: WebhookBackend, signal: AbortSignal): Promise<void> {
  const create = (path: string, body: object): Step => ({ question: { method: 'POST', path, body }, status: 201 })
  const namespace = (name: string, labels: object) =>
    create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } })
  const registration = '/apis/admissionregistration.k8s.io/v1'
  const { policy, binding } = quotingPolicy
  const steps = [
    namespace(namespaces.personal, { [dataClassLabel]: 'personal' }),
    namespace(namespaces.confidential, { [dataClassLabel]: 'confidential' }),
    namespace(namespaces.plain, {}),
    create(crdPath, peopleDefinition),
    create(`${registration}/validatingadmissionpolicies`, policy),
    create(`${registration}/validatingadmissionpolicybindings`, binding),
    create(`${registration}/validatingwebhookconfigurations`, quotingWebhook(webhook)),
  ]
  await takeSteps(transport, steps, signal)
  // Until the kind is served, and the policy and the webhook refuse.
  const probe = (note: string) =>
    request(transport, { method: 'POST', path: `${peopleIn(namespaces.plain)}?dryRun=All`, body: personOf('probe', { note }) }, signal)
  const isReady = async () => {
    const answers = await Promise.all(['refused by a policy', 'refused by a webhook'].map(probe))
    const [byPolicy, byWebhook] = answers.map(({ status }) => status)
    const accounts = await Promise.all(
      Object.values(namespaces).map(name =>
        request(transport, { method: 'GET', path: `/api/v1/namespaces/${name}/serviceaccounts/default` }, signal),
      ),
    )
    return byPolicy === 422 && byWebhook === 403 && accounts.every(({ status }) => status === 200) ? true : undefined
  }
  await until(clock, isReady, signal)
}
