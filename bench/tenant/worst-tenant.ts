// The worst tenant on a whole server: others' latencies while one tenant attacks, beside those without an attack, in the same minute.
// `npm run bench -- --only worst-tenant` prints a row of each attack, `--attacks refused,rules` of these.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { attackedNamespace } from '../../src/access/rights/tenant-attack.testing.ts'
import { startChild } from '../child.ts'
import { ClusterProcess } from '../cluster-process.ts'
import { Connections, type Credentials } from '../load/connections.ts'
import { memoryOf } from '../process-memory.ts'
import type { Answers, Attack } from './attack.ts'
import { attacks } from './attacks.ts'
import type { NeighbourFigures } from './neighbour-process.ts'
import { attacker } from './tenant-paths.ts'
import { userCertificate } from './user-certificate.ts'

/** Of the neighbour's work, without and with the attack. */
const seconds = 5
/** Attackers have their own machines: here they run on what the server and the neighbour leave. */
const attackerNice = 19
const neighbour = 'ann'
const neighbourNamespace = 'good'
const rbacGroup = 'rbac.authorization.k8s.io'

/** `only` names attacks; empty means all. */
export async function worstTenant(tree: string, only: readonly string[], onStep: (step: string) => void): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'bulkhead-tenant-'))
  // Parts that root starts run as users of their own and have to walk through it.
  chmodSync(directory, 0o711)
  try {
    await run(tree, directory, only, onStep)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function run(tree: string, directory: string, only: readonly string[], onStep: (step: string) => void): Promise<void> {
  await using cluster = await ClusterProcess.start(tree, join(directory, 'data'), ['--control-plane-only'])
  const { credentials } = cluster
  using admin = await Connections.open(credentials, 1)
  await openNamespaceFor(admin, attackedNamespace, attacker)
  await openNamespaceFor(admin, neighbourNamespace, neighbour)
  const evil = await userCertificate(admin, credentials, attacker)
  const good = await userCertificate(admin, credentials, neighbour)
  await delay(3000)
  const serverMemory = () => memoryOf(cluster.pid).find(({ name }) => name === 'server')?.rss ?? Number.NaN
  const silent = createServer(() => undefined)
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
  const address = silent.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const first = serverMemory()
  console.log(head)
  for (const attack of attacks.filter(({ id }) => only.length === 0 || only.includes(id))) {
    onStep(attack.title)
    for (const [method, path, body, type] of attack.installed ?? []) {
      const { status, body: answer } = await admin.request(method, path, body?.replace('SILENT', String(port)), type)
      if (status !== 201) throw new Error(`${path}: ${status} ${answer}`)
    }
    await delay(attack.installed === undefined ? 200 : 2000)
    const quiet = await work(good)
    const prepared = await runAttack(evil, attack, 'prepare')
    const repeating = startChild(
      new URL('attack-process.ts', import.meta.url),
      { credentials: evil, attack: attack.id, phase: 'repeat' },
      attackerNice,
    )
    await delay(700)
    const attacked = await work(good)
    const memory = serverMemory()
    repeating.stop()
    const answers = (await repeating.output) as Answers
    console.log(row(attack, quiet, attacked, memory - first, { prepared, answers }))
    await delay(1000)
  }
  silent.close()
}

async function openNamespaceFor(admin: Connections, namespace: string, user: string): Promise<void> {
  const create = async (path: string, body: object) => {
    const { status, body: answer } = await admin.request('POST', path, JSON.stringify(body))
    if (status !== 201 && status !== 409) throw new Error(`${path}: ${status} ${answer}`)
  }
  await create('/api/v1/namespaces', { metadata: { name: namespace } })
  await create(`/apis/${rbacGroup}/v1/namespaces/${namespace}/rolebindings`, {
    metadata: { name: 'admins' },
    roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: 'admin' },
    subjects: [{ apiGroup: rbacGroup, kind: 'User', name: user }],
  })
}

async function work(credentials: Credentials): Promise<NeighbourFigures> {
  return (await startChild(new URL('neighbour-process.ts', import.meta.url), { credentials, namespace: neighbourNamespace, seconds })
    .output) as NeighbourFigures
}

async function runAttack(credentials: Credentials, attack: Attack, phase: 'prepare'): Promise<Answers> {
  return (await startChild(new URL('attack-process.ts', import.meta.url), { credentials, attack: attack.id, phase }, attackerNice)
    .output) as Answers
}

const head = 'attack           read p99 ms       write p99 ms      longest ms         memory'

function row(attack: Attack, quiet: NeighbourFigures, attacked: NeighbourFigures, memory: number, answers: object): string {
  const ms = (before: number, now: number) => `${before.toFixed(1)} -> ${now.toFixed(1)}`
  const figures = [ms(quiet.read, attacked.read), ms(quiet.write, attacked.write), ms(quiet.longest, attacked.longest)]
  return `${attack.id.padEnd(17)} ${figures.map(text => text.padEnd(18)).join('')} ${memory.toFixed(0).padStart(5)} MB  failed ${attacked.failed}/${attacked.requests}  ${JSON.stringify(answers)}`
}
