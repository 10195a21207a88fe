// Network policies on a real node: real pods probe each other, and what they see is compared with what the policies say, read by an evaluator
// that knows nothing of nftables.
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { after, before, test } from 'node:test'
import type { Namespace, Node, Pod, Service } from '../../src/api/types/core-v1.ts'
import type { NetworkPolicy } from '../../src/api/types/networking-v1.ts'
import { layout } from '../../src/cli/up/data-directory.ts'
import { policyTableName } from '../../src/network/pod-network.ts'
import { evaluateFlow, type Party } from '../../src/network/policy/evaluate.ts'
import { busyboxImage } from '../../src/node/images/builtin-images.ts'
import { nodeDirectory } from '../../src/node/machine/node-directory.ts'
import { bulkhead, noContainers, run, TestCluster, temporaryFolder, until } from '../cluster.ts'

const skip = noContainers()
let dataDirectory: string
let cluster: TestCluster
let table: string

before(async () => {
  if (skip !== false) return
  dataDirectory = temporaryFolder()
  cluster = await TestCluster.start({ dataDirectory })
  table = policyTableName(nodeDirectory(layout(dataDirectory).node).id)
})

after(async () => {
  if (skip !== false) return
  await cluster?.[Symbol.asyncDispose]()
  rmSync(dataDirectory, { recursive: true, force: true })
})

/** Applies all of them with one command, in their order. */
async function apply(...objects: readonly object[]): Promise<void> {
  const { code, stderr } = await cluster.tryKubectl(
    ['apply', '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
  )
  assert.equal(code, 0, stderr)
}

const list = async <T>(...args: readonly string[]): Promise<T[]> => JSON.parse(await cluster.kubectl('get', ...args, '-o', 'json')).items
const nft = async (...args: readonly string[]) => (await run('nft', args)).stdout

const namespace = (name: string, labels: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
})
const policy = (space: string, name: string, spec: NetworkPolicy['spec']) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace: space },
  spec,
})
const pod = (space: string, name: string, labels: Record<string, string>, script: string, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: space, labels },
  spec: {
    terminationGracePeriodSeconds: 1,
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'c',
        image: busyboxImage,
        command: ['sh', '-c', script],
        ports: [{ name: 'web', containerPort: 8080 }],
        readinessProbe: { tcpSocket: { port: 'web' }, periodSeconds: 1 },
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
    ...more,
  },
})
const serve = 'trap exit TERM; nc -ll -p 8080 -e cat & nc -ll -p 8081 -e cat & wait'

/** A namespace takes pods when it has its quota, limits and account. */
async function namespacesReady(...names: readonly string[]): Promise<void> {
  for (const name of names)
    await until(`account of ${name}`, async () => (await cluster.tryKubectl(['get', 'serviceaccount', 'default', '-n', name])).code === 0)
}

const everything = { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }
const peers = (...from: object[]) => from

interface Member {
  readonly pod: Pod
  readonly party: Party
}

function partyOf({ metadata, spec, status }: Pod): Party {
  const ports = spec.containers.flatMap(({ ports }) =>
    (ports ?? []).map(({ name = '', protocol = 'TCP', containerPort }) => ({ name, protocol, port: containerPort })),
  )
  const { name = '', namespace: space = '', labels = {} } = metadata
  return { address: status?.podIP ?? '', pod: { namespace: space, name, labels, ports } }
}

/**
 * The destinations that a pod reaches, `address port` each. Refused packets are dropped, so a refused probe takes the whole time limit; on a
 * busy machine an allowed one may take seconds.
 */
async function reached({ pod: { metadata } }: Member, targets: readonly string[]): Promise<Set<string>> {
  const probes = targets.map(target => `{ nc -w 5 ${target} </dev/null && echo "${target}"; } &`).join('\n')
  const text = await cluster.kubectl('exec', '-n', metadata.namespace ?? '', metadata.name ?? '', '--', 'sh', '-c', `${probes}\nwait`)
  return new Set(text.split('\n').filter(line => line !== ''))
}

test('pods reach exactly what the policies allow, probes continue, and services lead to pods under their policies', { skip }, async () => {
  await apply(namespace('red', { team: 'red' }), namespace('blue', { team: 'blue' }), namespace('green', { team: 'green' }))
  await namespacesReady('red', 'blue', 'green')
  await cluster.kubectl('delete', 'networkpolicy', '-n', 'red', 'default-deny', 'allow-dns')
  await apply(
    policy('red', 'none', everything),
    policy('red', 'server', {
      podSelector: { matchLabels: { app: 'server' } },
      ingress: [
        { from: peers({ podSelector: { matchLabels: { app: 'friend' } } }), ports: [{ port: 'web' }] },
        {
          from: peers({ namespaceSelector: { matchLabels: { team: 'blue' } }, podSelector: { matchLabels: { app: 'friend' } } }),
          ports: [{ port: 8081, endPort: 8090 }],
        },
      ],
    }),
    policy('red', 'friend', {
      podSelector: { matchLabels: { app: 'friend' } },
      policyTypes: ['Egress'],
      egress: [{ to: peers({ podSelector: { matchLabels: { app: 'server' } } }) }, { ports: [{ port: 53, protocol: 'UDP' }] }],
    }),
    // Open to all, whatever the defaults.
    policy('blue', 'open', { podSelector: {}, policyTypes: ['Ingress', 'Egress'], ingress: [{}], egress: [{}] }),
    policy('green', 'blocks', {
      podSelector: {},
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: peers({ ipBlock: { cidr: '10.244.0.0/16', except: ['10.244.0.0/30'] } }) }],
      egress: [{ to: peers({ namespaceSelector: {} }), ports: [{ port: 8080 }] }],
    }),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'server', namespace: 'red' },
      spec: { selector: { app: 'server' }, ports: [{ port: 80, targetPort: 'web' }] },
    },
    pod('red', 'server', { app: 'server' }, serve),
    pod('red', 'friend', { app: 'friend' }, serve),
    pod('red', 'stranger', { app: 'stranger' }, serve),
    pod('blue', 'friend', { app: 'friend' }, serve),
    pod('blue', 'other', { app: 'other' }, serve),
    pod('green', 'one', { app: 'one' }, serve),
  )
  for (const space of ['red', 'blue', 'green'])
    await cluster.kubectl('wait', '-n', space, '--for=condition=Ready', 'pods', '--all', '--timeout=150s')
  const spaces = ['red', 'blue', 'green']
  const members = (await list<Pod>('pods', '-A'))
    .filter(({ metadata }) => spaces.includes(metadata.namespace ?? ''))
    .map(each => ({ pod: each, party: partyOf(each) }))
  const labels = new Map((await list<Namespace>('namespaces')).map(({ metadata }) => [metadata.name, metadata.labels ?? {}]))
  const world = { policies: await list<NetworkPolicy>('networkpolicies', '-A'), namespaceLabels: (name: string) => labels.get(name) }
  const [nodeObject] = await list<Node>('nodes')
  const nodeAddress = nodeObject?.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? ''
  const service = (await list<Service>('services', '-n', 'red'))[0]?.spec.clusterIP ?? ''
  const server = members.find(({ pod: { metadata } }) => metadata.namespace === 'red' && metadata.name === 'server')
  assert.ok(server)
  const targets = [
    ...members.flatMap(({ party }) => [8080, 8081].map(port => ({ text: `${party.address} ${port}`, party, port }))),
    { text: `${service} 80`, party: server.party, port: 8080 },
    { text: `${nodeAddress} ${cluster.port}`, party: { address: nodeAddress }, port: cluster.port },
  ]
  assert.equal(members.length, 6)
  const counts = { allowed: 0, refused: 0 }
  await Promise.all(
    members.map(async member => {
      const seen = await reached(
        member,
        targets.map(({ text }) => text),
      )
      for (const { text, party, port } of targets) {
        const { allowed } = evaluateFlow({ from: member.party, to: party, protocol: 'TCP', port }, world)
        const { namespace: space, name } = member.pod.metadata
        assert.equal(seen.has(text), allowed, `${space}/${name} -> ${text}: want ${allowed}`)
        counts[allowed ? 'allowed' : 'refused']++
      }
    }),
  )
  assert.ok(counts.allowed > 20 && counts.refused > 20, JSON.stringify(counts))
  const ask = async (name: string, seconds: string) =>
    (await cluster.tryKubectl(['exec', '-n', 'red', name, '--', 'timeout', seconds, 'nslookup', '-type=a', 'server.red.svc.cluster.local']))
      .code === 0
  assert.deepEqual([await ask('friend', '20'), await ask('stranger', '2')], [true, false])
  const [{ status } = { status: undefined }] = await list<Node>('nodes')
  assert.equal(status?.conditions?.find(({ type }) => type === 'bulkhead.dev/NetworkPolicyEnforced')?.status, 'True')
})

test('bulkhead why names the policies that refused, and its proposal allows the connection', { skip }, async () => {
  const why = (...args: string[]) => bulkhead('why', ...args, '--data-dir', dataDirectory)
  const server = (await list<Pod>('pods', '-n', 'red', '-l', 'app=server'))[0]?.status?.podIP ?? ''
  const probe = async () => (await cluster.tryKubectl(['exec', '-n', 'red', 'stranger', '--', 'nc', '-w', '1', server, '8081'])).code === 0
  assert.equal(await probe(), false)
  const { code, stdout, stderr } = await why('pod/stranger', '-n', 'red')
  assert.equal(code, 2, stderr)
  assert.match(stdout, /REFUSED: pod "red\/stranger" \(\S+\) to pod "red\/server" \(\S+\) port 8081\/TCP, \d+ packets?, the last \d+ s ago/)
  assert.match(stdout, /egress +of pod "red\/stranger" is closed by NetworkPolicy "none", which do not allow this/)
  assert.match(stdout, /ingress +of pod "red\/server" is closed by NetworkPolicy "none", "server", which do not allow this/)
  const connections: { toName: string; port: number; refusing: { wouldAllow: object }[] }[] = JSON.parse(
    (await why('pod/stranger', '-n', 'red', '--output', 'json')).stdout,
  )
  const wanted = connections.find(({ toName, port }) => toName.includes('red/server') && port === 8081)
  await apply(...(wanted?.refusing ?? []).map(({ wouldAllow }) => wouldAllow))
  await until('the connection is let through', probe)
  const evaluated = await why('pod/stranger', 'pod/server:8081', '-n', 'red')
  assert.deepEqual([evaluated.code, evaluated.stdout.split('\n').length], [0, 4], evaluated.stdout)
  assert.match(
    evaluated.stdout,
    /ALLOWED: [^\n]*\n {2}egress +of pod "red\/stranger" is allowed by NetworkPolicy "from-stranger"\n {2}ingress +of pod/,
  )
  assert.equal((await why('pod/stranger', 'pod/blue/friend:80/UDP', '-n', 'red')).code, 2)
  assert.equal((await why('pod/none', '-n', 'red')).code, 1)
  await until('an event of the pod', async () =>
    /Warning +ConnectionRefused .*A connection to \S+ on port \d+\/(TCP|UDP) is refused/.test(
      await cluster.kubectl('get', 'events', '-n', 'red', '--field-selector', 'involvedObject.name=stranger'),
    ),
  )
  assert.match((await bulkhead('status', '--data-dir', dataDirectory)).stdout, /Ready +containerd:\S+ +network policies enforced/)
})

test('kubectl exec and port-forward reach a pod that policies isolate completely', { skip }, async () => {
  assert.equal(await cluster.kubectl('exec', '-n', 'red', 'stranger', '--', 'echo', 'in'), 'in\n')
  const forward = cluster.spawnKubectl('port-forward', '-n', 'red', 'pod/stranger', ':8080')
  try {
    let said = ''
    forward.stdout?.setEncoding('utf8').on('data', text => {
      said += text
    })
    await until('port-forward listens', () => said.includes('->'))
    const port = /:(\d+) ->/.exec(said)?.[1] ?? ''
    assert.equal((await run('busybox', ['nc', '-w', '5', '127.0.0.1', port], { input: 'hello\n' })).stdout, 'hello\n')
  } finally {
    forward.kill()
  }
})

test('a new policy cuts connections that it does not allow, and removing it allows them again', { skip }, async () => {
  const server = (await list<Pod>('pods', '-n', 'blue', '-l', 'app=other'))[0]?.status?.podIP ?? ''
  const client = (await list<Pod>('pods', '-n', 'blue', '-l', 'app=friend'))[0]?.status?.podIP ?? ''
  const talk = cluster.spawnKubectl(
    'exec',
    '-n',
    'blue',
    'friend',
    '--',
    'sh',
    '-c',
    `while echo x; do sleep 0.1; done | nc ${server} 8080`,
  )
  try {
    let heard = ''
    talk.stdout?.on('data', text => {
      heard += text
    })
    await until('an answer', () => heard.length > 4)
    await apply(policy('blue', 'open', { podSelector: {}, policyTypes: ['Ingress', 'Egress'], egress: [{}] }))
    const refused = () => nft('list', 'set', 'inet', table, 'refused_ingress')
    await until('packets of the open connection are dropped', async () => (await refused()).includes(`${client} . ${server} . tcp . 8080`))
    const before = heard.length
    await apply(policy('blue', 'open', { podSelector: {}, policyTypes: ['Ingress', 'Egress'], ingress: [{}], egress: [{}] }))
    await until('answers again', () => heard.length > before)
  } finally {
    talk.kill()
  }
})

test('F20: policies hold from the first packet of a pod', { skip }, async () => {
  const server = (await list<Pod>('pods', '-n', 'blue', '-l', 'app=other'))[0]?.status?.podIP ?? ''
  const first = (seconds: number) => `nc -w ${seconds} ${server} 8081 </dev/null 2>/dev/null && echo reached || echo refused`
  const names = ['a', 'b', 'c']
  // The policies and the pods that they concern come with one command.
  await apply(
    policy('green', 'quick', {
      podSelector: { matchLabels: { may: 'yes' } },
      policyTypes: ['Egress'],
      egress: [{ to: peers({ namespaceSelector: { matchLabels: { team: 'blue' } } }) }],
    }),
    ...names.map(name => pod('green', `no-${name}`, { app: 'late' }, first(1))),
    ...names.map(name => pod('green', `yes-${name}`, { may: 'yes' }, first(20))),
  )
  await until(
    'all have ended',
    async () => (await list<Pod>('pods', '-n', 'green')).filter(({ status }) => status?.phase === 'Succeeded').length === 2 * names.length,
  )
  for (const name of names) {
    assert.equal(await cluster.kubectl('logs', '-n', 'green', `no-${name}`), 'refused\n', name)
    assert.equal(await cluster.kubectl('logs', '-n', 'green', `yes-${name}`), 'reached\n', name)
  }
})

test('CVE-2024-7598: policies hold until the last pod of a namespace that is deleted has ended', { skip }, async () => {
  const server = (await list<Pod>('pods', '-n', 'blue', '-l', 'app=other'))[0]?.status?.podIP ?? ''
  await apply(namespace('doomed'))
  await namespacesReady('doomed')
  const attempt = `nc -w 1 ${server} 8080 </dev/null && echo reached || echo refused`
  // Told to end, it tries some more times first, however long the machine takes for them.
  const lasting = `ending=0; left=3; trap 'ending=1; echo ending' TERM; while [ $left -gt 0 ]; do ${attempt}; left=$((left - ending)); done`
  const probing = pod('doomed', 'probing', {}, lasting, { terminationGracePeriodSeconds: 30 })
  delete (probing.spec.containers[0] as { readinessProbe?: object }).readinessProbe
  await apply(policy('doomed', 'none', everything), probing)
  await cluster.kubectl('wait', '-n', 'doomed', '--for=condition=Ready', 'pod/probing', '--timeout=150s')
  const logs = cluster.spawnKubectl('logs', '-f', '-n', 'doomed', 'probing')
  let said = ''
  logs.stdout?.setEncoding('utf8').on('data', text => {
    said += text
  })
  await until('an attempt', () => said.includes('refused'))
  await cluster.kubectl('delete', 'namespace', 'doomed')
  await until('the log has ended', () => logs.exitCode !== null)
  const [, ending = ''] = said.split('ending')
  assert.match(ending, /refused\n[\s\S]*refused\n/, said)
  assert.doesNotMatch(said, /reached/)
})

test('F21: a pod cannot send from an address that is not its own', { skip }, async () => {
  await apply(namespace('rough', { 'pod-security.kubernetes.io/enforce': 'privileged' }))
  await namespacesReady('rough')
  const server = (await list<Pod>('pods', '-n', 'blue', '-l', 'app=other'))[0]?.status?.podIP ?? ''
  const friend = (await list<Pod>('pods', '-n', 'red', '-l', 'app=friend'))[0]?.status?.podIP ?? ''
  const spoofing = [
    `nc -w 20 ${server} 8080 </dev/null && echo own`,
    `ip address add ${friend}/32 dev eth0`,
    'gateway=$(ip route | sed -n "s/default via \\([0-9.]*\\).*/\\1/p")',
    `ip route replace ${server} via $gateway dev eth0 src ${friend}`,
    `nc -w 1 ${server} 8080 </dev/null 2>/dev/null && echo spoofed`,
    'echo tried',
  ]
  await apply(
    policy('rough', 'open', { podSelector: {}, policyTypes: ['Ingress', 'Egress'], ingress: [{}], egress: [{}] }),
    pod('rough', 'spoofing', {}, spoofing.join('\n'), {
      securityContext: {},
      containers: [
        {
          name: 'c',
          image: busyboxImage,
          command: ['sh', '-c', spoofing.join('\n')],
          securityContext: { runAsUser: 0, capabilities: { add: ['NET_ADMIN'] } },
        },
      ],
    }),
  )
  await until('it has ended', async () =>
    /Succeeded|Failed/.test(await cluster.kubectl('get', 'pod', '-n', 'rough', 'spoofing', '-o', 'jsonpath={.status.phase}')),
  )
  assert.equal(await cluster.kubectl('logs', '-n', 'rough', 'spoofing'), 'own\ntried\n')
  assert.match(await nft('list', 'counter', 'inet', table, 'spoofed'), /packets [1-9]/)
})

test('prove N1 fails if the kernel passes what policies refuse', { skip }, async () => {
  await apply(namespace('plain'))
  await namespacesReady('plain')
  await apply(pod('plain', 'holder', {}, serve))
  await cluster.kubectl('wait', '-n', 'plain', '--for=condition=Ready', 'pod/holder', '--timeout=150s')
  const address = (await list<Pod>('pods', '-n', 'plain'))[0]?.status?.podIP ?? ''
  // Chains are named after their content, so all pods under the default policies alone share these.
  for (const direction of ['egress', 'ingress']) {
    const chain =
      new RegExp(`${address.replaceAll('.', '\\.')} : goto (\\w+)`).exec(await nft('list', 'map', 'inet', table, direction))?.[1] ?? ''
    await nft('insert', 'rule', 'inet', table, chain, 'accept')
  }
  const { code, stdout } = await bulkhead('prove', 'N1', '--data-dir', dataDirectory)
  assert.notEqual(code, 0)
  assert.match(stdout, /FAIL N1[\s\S]*reaches TCP \S+ \d+ although no policy allows it/)
})

test('rules stay while the node agent is down, apply to running and new pods, and are removed by a stop', {
  skip,
}, async () => {
  const server = (await list<Pod>('pods', '-n', 'red', '-l', 'app=server'))[0]?.status?.podIP ?? ''
  const chains = () => nft('-s', 'list', 'map', 'inet', table, 'ingress')
  const rule = async () => new RegExp(`${server.replaceAll('.', '\\.')} : goto \\w+`).exec(await chains())?.[0]
  const before = await rule()
  assert.notEqual(before, undefined)
  let away = true
  const watched = (async () => {
    while (away) assert.equal(await rule(), before)
  })()
  await cluster.killPart('node').finally(() => {
    away = false
  })
  await watched
  assert.equal(await rule(), before)
  await apply(pod('plain', 'later', {}, serve))
  await cluster.kubectl('wait', '-n', 'plain', '--for=condition=Ready', 'pod/later', '--timeout=150s')
  assert.equal(await rule(), before)
  await cluster.stop()
  assert.equal(await chains(), '')
})
