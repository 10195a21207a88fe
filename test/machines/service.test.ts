// The cluster as services of a real systemd: sandboxes by systemd's own measure, crashes, stops, upgrades and the ways back.
import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { bundledScript, repository, until } from '../cluster.ts'
import { BootedMachine, noSystemd } from './booted-machine.ts'

const skip = noSystemd()
/** Of `systemd-analyze security`, from 0 to 10. */
const mostExposure = 2.5
const kubeconfig = '/var/lib/bulkhead/admin.kubeconfig'
const own = join(repository, 'dist', 'cli.js')
let machine: BootedMachine

before(async () => {
  if (skip !== false) return
  machine = await BootedMachine.boot()
  writeFileSync(
    join(machine.folder, 'state', 'bulkhead.yaml'),
    'evictionHard: nodefs.available<1%,imagefs.available<1%,nodefs.inodesFree<1%\n',
  )
})
after(async () => {
  if (skip === false) await machine[Symbol.asyncDispose]()
})

const bulkhead = (script: string, ...args: string[]) => machine.run(process.execPath, [script, ...args])
const kubectl = (...args: string[]) => machine.must('kubectl', '--kubeconfig', kubeconfig, '--cache-dir', '/run/kubectl', ...args)
const units = async () =>
  (await machine.must('systemctl', 'list-units', '--all', '--plain', '--no-legend', 'bulkhead*')).split('\n').filter(Boolean)
const hello = () => kubectl('get', 'pods', '-o', 'jsonpath={range .items[*]}{.metadata.uid}={.status.phase} {end}')

test('service install starts each part in a sandbox, and a pod runs', { skip }, async () => {
  const refused = await bulkhead(own, 'service', 'install', '--data-dir', '/root/cluster')
  assert.match(refused.stderr, /below \/root, which services do not see/)
  mkdirSync(join(machine.folder, 'library', 'python3'))
  const foreign = await bulkhead(own, 'service', 'install', '--name', 'python3')
  assert.match(foreign.stderr, /"\/usr\/local\/lib\/python3" is there and not of Bulkhead/)
  assert.match((await bulkhead(own, 'service', 'uninstall', '--name', 'python3')).stderr, /There is no service "python3"/)
  assert.ok(existsSync(join(machine.folder, 'library', 'python3')))
  const { code, stdout, stderr } = await bulkhead(own, 'service', 'install', '--config', '/var/lib/bulkhead.yaml')
  assert.equal(code, 0, `${stdout}${stderr}${await machine.journal()}`)
  assert.match((await bulkhead(own, 'service', 'install')).stderr, /There is a service "bulkhead" already/)
  const names = (await units()).map(line => line.split(' ')[0] ?? '')
  assert.deepEqual(
    names,
    ['-artifacts', '-controllers', '-dns', '-node', '-server', '-signer', ''].map(part => `bulkhead${part}.service`),
  )
  for (const name of names.filter(name => name !== 'bulkhead-node.service')) {
    const text = await machine.must('systemd-analyze', 'security', '--no-pager', name)
    const exposure = Number(/Overall exposure level for \S+ ([\d.]+)/.exec(text)?.[1])
    assert.ok(exposure <= mostExposure, `${name}: ${exposure}\n${text}`)
  }
  await kubectl('apply', '--filename', join(repository, 'examples', 'hello.yaml'))
  await until('pods run', async () => /^(?:\S+=Running ?){3}$/.test((await hello()).trim()))
})

/** Returns the process. */
async function killMain(unit: string): Promise<string> {
  const pid = await machine.property(unit, 'MainPID')
  // 0 would be every process of this test's group.
  assert.match(pid, /^[1-9]\d*$/, `${unit} does not run\n${await machine.journal()}`)
  await machine.must('kill', '-KILL', pid)
  return pid
}

test('pods run on while bulkhead.service is killed and starts again', { skip }, async () => {
  const pods = await hello()
  const killed = await killMain('bulkhead.service')
  await until('it runs again', async () => {
    const [pid, state] = [await machine.property('bulkhead.service', 'MainPID'), await machine.property('bulkhead.service', 'ActiveState')]
    return pid !== killed && state === 'active'
  })
  assert.equal(await hello(), pods)
})

test('a part that is killed starts again as a unit', { skip }, async () => {
  const killed = await killMain('bulkhead-server.service')
  await until('the server runs again', async () => {
    const { code } = await machine.run('kubectl', ['--kubeconfig', kubeconfig, 'get', '--raw', '/readyz'])
    return code === 0 && (await machine.property('bulkhead-server.service', 'MainPID')) !== killed
  })
})

/** A copy of this tree's build under another name; `change` makes it another one. */
function otherBuild(id: string, change: (folder: string) => void): string {
  // systemd mounts an empty /tmp.
  const root = join(machine.folder, 'library', id)
  const build = basename(dirname(bundledScript()))
  for (const name of ['package.json', 'examples', 'LICENSE']) cpSync(join(repository, name), join(root, name), { recursive: true })
  cpSync(join(repository, 'dist', build), join(root, 'dist', id), { recursive: true })
  cpSync(join(repository, 'dist', 'package.json'), join(root, 'dist', 'package.json'))
  writeFileSync(join(root, 'dist', 'cli.js'), `import './${id}/cli.js'\n`)
  change(join(root, 'dist', id))
  return `/usr/local/lib/${id}/dist/cli.js`
}

const library = () => join(machine.folder, 'library', 'bulkhead')

test('upgrade runs the newer build, and --back returns with the state from before', { skip }, async () => {
  const newer = otherBuild('newer', () => undefined)
  assert.match((await bulkhead(own, 'upgrade')).stderr, /runs this build .* already/)
  await kubectl('create', 'configmap', 'before')
  const { code, stdout, stderr } = await bulkhead(newer, 'upgrade')
  assert.equal(code, 0, `${stdout}${stderr}${await machine.journal()}`)
  assert.match(await machine.must('cat', `/proc/${await machine.property('bulkhead-server.service', 'MainPID')}/cmdline`), /-newer\/dist/)
  await kubectl('create', 'configmap', 'since')
  const back = await bulkhead(newer, 'upgrade', '--back')
  assert.equal(back.code, 0, `${back.stdout}${back.stderr}${await machine.journal()}`)
  const names = await kubectl('get', 'configmaps', '--output', 'name')
  assert.match(names, /configmap\/before\n/)
  assert.doesNotMatch(names, /configmap\/since\n/)
  assert.equal(existsSync(join(machine.folder, 'state', 'bulkhead.before-upgrade')), false)
  assert.match((await bulkhead(own, 'upgrade', '--back')).stderr, /no state from before an upgrade/)
})

test('an upgrade to a build that does not start puts everything back', { skip }, async () => {
  const broken = otherBuild('broken', folder => {
    for (const name of readdirSync(folder).filter(name => /^controllers-.*\.js$/.test(name)))
      writeFileSync(join(folder, name), 'throw new Error("this build is broken")\n')
  })
  await kubectl('create', 'configmap', 'kept')
  const { code, stdout, stderr } = await bulkhead(broken, 'upgrade')
  assert.equal(code, 1, `${stdout}${stderr}`)
  assert.match(stdout, /broken did not start[\s\S]*this build is broken|broken did not start[\s\S]*controllers ended/)
  assert.match(stderr, /The upgrade failed, and .* runs again with the state from before it/)
  assert.match(await kubectl('get', 'configmaps', '--output', 'name'), /configmap\/kept\n/)
  assert.equal(readdirSync(library()).filter(name => name.endsWith('-broken')).length, 0)
})

test('a stop leaves nothing in the kernel, and uninstall nothing but the data', { skip }, async () => {
  await machine.must('systemctl', 'stop', 'bulkhead')
  assert.deepEqual(await units(), [])
  assert.equal(await machine.must('nft', 'list', 'tables'), '')
  assert.doesNotMatch(await machine.must('ps', '-eo', 'args'), /containerd/)
  const { code, stderr } = await bulkhead(own, 'service', 'uninstall')
  assert.equal(code, 0, stderr)
  assert.equal(existsSync(library()), false)
  assert.equal((await machine.run('systemctl', ['cat', 'bulkhead.service'])).code, 1)
  assert.doesNotMatch(await machine.must('getent', 'passwd'), /bulkhead-/)
  assert.equal(readFileSync(join(machine.folder, 'state', 'bulkhead', 'version'), 'utf8'), '1\n')
})
