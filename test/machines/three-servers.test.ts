// Three machines, one control plane: each runs a server and a member of etcd, and the loss of any one costs no acknowledged write.
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { repository, until } from '../cluster.ts'
import { Machine, noMachines } from './machine.ts'

const skip = noMachines() || (existsSync('/usr/bin/etcd') ? false : 'not installed: /usr/bin/etcd')
const limit = { skip, timeout: 600_000 }
let group: Awaited<ReturnType<typeof Machine.group>>
const at = (index: number): Machine => {
  const machine = group.machines[index]
  assert.ok(machine)
  return machine
}
/** The third machine runs no node. */
const roleOf = (machine: Machine): readonly string[] => [
  ...['--advertise-address', machine.address],
  ...(machine.name === 'm3' ? ['--control-plane-only', '--bind-address', '0.0.0.0'] : []),
]
const running = 'Ctrl-C stops the cluster'
const again = (machine: Machine): Promise<void> => machine.start(['up', '--ha', '--node-name', machine.name, ...roleOf(machine)], running)

before(async () => {
  if (skip !== false) return
  group = await Machine.group(3)
  await again(at(0))
})

after(async () => {
  await group?.[Symbol.asyncDispose]()
})

/** The line for the machine, and the command that waits for it. */
async function ticket(
  name: string,
  on = at(0),
): Promise<{ readonly line: readonly string[]; readonly admitting: ChildProcess; output(): string }> {
  const args = ['join-ticket', 'create', '--control-plane', '--node', name, '--data-dir', on.dataDirectory]
  const admitting = on.spawnBulkhead(args)
  let text = ''
  for (const stream of [admitting.stdout, admitting.stderr])
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
  await until('the line', () => {
    if (admitting.exitCode !== null) throw new Error(text)
    return text.includes('This command waits for it')
  })
  const line = /^npx bulkhead (join .*)$/m.exec(text)?.[1]?.split(' ') ?? []
  return { line, admitting, output: () => text }
}

async function joinAt(index: number): Promise<void> {
  const machine = at(index)
  const { line, output } = await ticket(machine.name)
  try {
    await machine.start([...line, ...roleOf(machine)], running)
  } catch (err) {
    throw new Error(output(), { cause: err })
  }
  await until(`${machine.name} is a member`, () => output().includes(`"${machine.name}" is part of the control plane`))
}

test('a line without the secret, or with another one, gets no keys and makes nothing', limit, async () => {
  const { line, admitting, output } = await ticket('m2')
  const wrong = [...line.slice(0, -1), 'a-guess-of-somebody-who-saw-the-ticket']
  const { code, stderr } = await at(1).bulkhead(...wrong, ...roleOf(at(1)), '--data-dir', at(1).dataDirectory)
  assert.equal(code, 1)
  assert.match(stderr, /The first machine refused: the request does not prove the secret/)
  await until('the first machine ends', () => admitting.exitCode !== null)
  assert.match(output(), /Somebody used the ticket without the secret of --control-plane: no key was given away/)
  assert.equal(existsSync(`${at(1).dataDirectory}/signer`), false)
})

test('two more machines join, and each answers with the objects of the others', limit, async () => {
  await joinAt(1)
  await joinAt(2)
  for (const machine of group.machines) {
    await machine.kubectl('create', 'configmap', `of-${machine.name}`, '--from-literal=k=v')
    for (const other of group.machines) await other.kubectl('get', 'configmap', `of-${machine.name}`)
  }
  await until('all are listed', async () => {
    const listed = await at(0).kubectl('get', 'endpointslices', 'kubernetes', '-o', 'jsonpath={.endpoints[*].addresses[*]}')
    return listed.trim() === '192.0.2.1 192.0.2.2 192.0.2.3'
  })
  const leases = await at(2).kubectl('get', 'leases', '-n', 'kube-system', '-o', 'name')
  assert.equal(leases.split('\n').filter(name => name.includes('/apiserver-')).length, 3)
  // The alarm of each use of the break-glass identity.
  const events = await at(0).kubectl('get', 'events', '-A', '-o', 'jsonpath={.items[*].reason}')
  assert.match(events, /BreakGlass/)
})

test('a used ticket gets nothing, and a member that runs is not replaced', limit, async () => {
  // The third machine has no node, and the second one has not seen it join.
  for (const machine of [at(0), at(1)]) {
    const args = ['join-ticket', 'create', '--control-plane', '--node', 'm3', '--data-dir', machine.dataDirectory]
    const { code, stderr } = await machine.bulkhead(...args)
    assert.equal(code, 1)
    assert.match(stderr, /A member "m3" of etcd runs/)
  }
})

test('pods run on both nodes, and every server shows what they log', limit, async () => {
  await at(1).kubectl('apply', '-f', join(repository, 'examples', 'hello.yaml'))
  await at(1).kubectl('rollout', 'status', 'deployment/hello', '--timeout=170s')
  await until('all servers read the log of a pod on one node', async () => {
    const read = await Promise.all(
      group.machines.map(async machine => (await machine.run('kubectl', ['--kubeconfig', machine.kubeconfig, 'logs', 'visitor'])).stdout),
    )
    return read.every(text => text.includes('Hello from Bulkhead'))
  })
})

test('the loss of each machine in turn costs no acknowledged write, and writes are back within seconds', limit, async t => {
  const written: string[] = []
  for (const [index, lost] of group.machines.entries()) {
    const others = group.machines.filter(machine => machine !== lost)
    let gap = 0
    let last = performance.now()
    let next = 0
    const write = async () => {
      const name = `w${index}-${next++}`
      // A client that retries, at another server each time.
      for (let attempt = 0; ; attempt++) {
        const machine = others[attempt % others.length] ?? at(0)
        const { code, stderr } = await machine.run('kubectl', [
          '--kubeconfig',
          machine.kubeconfig,
          '--request-timeout=4s',
          'create',
          'configmap',
          name,
        ])
        if (code === 0 || stderr.includes('AlreadyExists')) break
        assert.ok(attempt < 20, stderr)
      }
      written.push(name)
      gap = Math.max(gap, performance.now() - last)
      last = performance.now()
    }
    await write()
    await lost.kill()
    const until = performance.now() + 8_000
    while (performance.now() < until) await write()
    t.diagnostic(`${lost.name} lost: longest time without a write ${Math.round(gap)} ms`)
    assert.ok(gap < 10_000, `${gap} ms`)
    await again(lost)
    await delay(1_000)
  }
  for (const machine of group.machines) {
    const names = new Set((await machine.kubectl('get', 'configmaps', '-o', 'name')).split('\n'))
    assert.deepEqual(
      written.filter(name => !names.has(`configmap/${name}`)),
      [],
    )
  }
})

test('a machine that is lost for good is replaced by another one under its name', limit, async () => {
  await at(2).kill()
  at(2).wipe()
  await at(0).run('kubectl', ['--kubeconfig', at(0).kubeconfig, 'delete', 'node', 'm3', '--ignore-not-found'])
  await joinAt(2)
  await at(2).kubectl('get', 'configmap', 'of-m1')
})

test('a machine that leaves for good is removed from etcd, and its place is free', limit, async () => {
  const remove = () => at(1).bulkhead('node', 'remove-member', 'm3', '--data-dir', at(1).dataDirectory)
  const running = await remove()
  assert.equal(running.code, 1)
  assert.match(running.stderr, /The member "m3" of etcd runs: stop that machine first/)
  await at(2).kill()
  const removed = await remove()
  assert.equal(removed.code, 0, removed.stderr)
  assert.match(removed.stdout, /"m3" is no member of etcd any more\. Members: m1, m2\./)
  await at(0).kubectl('create', 'configmap', 'of-two', '--from-literal=k=v')
  // It has the data and the keys of before.
  const back = await at(2).bulkhead('up', '--ha', '--node-name', 'm3', ...roleOf(at(2)), '--data-dir', at(2).dataDirectory)
  assert.equal(back.code, 1)
  assert.match(back.stderr, /This machine was removed from the members of etcd: remove its data directory/)
  at(2).wipe()
  await joinAt(2)
  await at(2).kubectl('get', 'configmap', 'of-two')
})
