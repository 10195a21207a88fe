import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { silentLogger } from '../../base/log.ts'
import type { AdvisoryLookup } from '../advisories/match-packages.ts'
import { driftOf } from './compare-components.ts'
import { type Component, holdsComponents, readComponents, upstreamVersion } from './component.ts'
import { componentFindings } from './component-findings.ts'
import { ComponentWatch } from './component-watch.ts'
import { knownWeaknesses, table } from './known-weaknesses.ts'

const of = (name: string, sha256: string, version?: string): Component => ({
  name,
  path: `/usr/bin/${name}`,
  sha256,
  ...(version === undefined ? {} : { package: { name, version } }),
})

test('driftOf() says of each component what changed and what to do', () => {
  assert.deepEqual(driftOf([of('runc', '1')], [of('runc', '1')]), [])
  const rows: readonly (readonly [Component[], Component[], string])[] = [
    [
      [of('runc', '1', '1.1')],
      [of('runc', '2', '1.2')],
      'runc "/usr/bin/runc" was replaced by runc 1.2, it was 1.1: restart the node to accept it',
    ],
    [
      [of('runc', '1', '1.1')],
      [of('runc', '2', '1.1')],
      'runc "/usr/bin/runc" has other bytes: it is not that of runc 1.1 any more; install it again, or restart the node to accept it',
    ],
    [[of('runc', '1')], [], 'runc "/usr/bin/runc" is missing: install it again'],
    [[], [of('cni/evil', '1')], 'cni/evil "/usr/bin/cni/evil" is new: remove it, or restart the node to accept it'],
    [
      [of('runc', '1')],
      [{ ...of('runc', '1'), path: '/tmp/runc' }],
      'runc is "/tmp/runc", it was "/usr/bin/runc": restart the node to accept it',
    ],
  ]
  for (const [before, now, expected] of rows) assert.deepEqual(driftOf(before, now), [expected])
})

test('knownWeaknesses() compares upstream versions, each line with its own fix', () => {
  const has = (name: string, version: string, id: string) => knownWeaknesses(of(name, '1', version)).includes(id)
  assert.ok(has('runc', '1.1.11+ds1-1', 'CVE-2024-21626') && !has('runc', '1.1.15+ds1-2+b4', 'CVE-2024-21626'))
  assert.ok(
    has('runc', '1.1.15+ds1-2', 'CVE-2025-31133') && has('runc', '1.3.2', 'CVE-2025-31133') && !has('runc', '1.3.3', 'CVE-2025-31133'),
  )
  assert.ok(!has('runc', '1.2.8', 'CVE-2025-31133') && !has('runc', '1.4.0', 'CVE-2025-31133'))
  assert.ok(has('containerd', '1.7.24~ds1-6', 'CVE-2025-64329') && !has('containerd', '2.1.9', 'CVE-2025-64329'))
  assert.deepEqual(knownWeaknesses(of('nft', '1', '1.0')), [])
  assert.deepEqual(knownWeaknesses(of('runc', '1')), [])
  assert.equal(upstreamVersion('1:2.3.4-5'), '2.3.4')
  assert.equal(upstreamVersion('unknown'), undefined)
})

test('readComponents() takes what a node wrote, and nothing else', () => {
  const components = [of('runc', '1', '1.1'), of('nft', '2')]
  assert.deepEqual(readComponents(JSON.stringify(components)), components)
  for (const text of [undefined, '', '{', '{}', '[1,null,{"name":1}]', `["${'x'.repeat(70_000)}"]`])
    assert.deepEqual(readComponents(text), [])
  assert.equal(readComponents(JSON.stringify(Array.from({ length: 200 }, () => of('a', '1')))).length, 100)
})

describe('ComponentWatch', () => {
  let folder: string
  let hour = 1
  const clock = { now: () => 0, monotonic: () => hour * 3_600_001, sleep: async () => undefined }
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'components-')))
    mkdirSync(join(folder, 'cni'))
    program('runc', 'one')
    writeFileSync(join(folder, 'config.toml'), 'a = 1')
    writeFileSync(join(folder, 'cni', '10-net.conflist'), '{}')
  })
  afterEach(() => rmSync(folder, { recursive: true }))
  function program(name: string, text: string): void {
    writeFileSync(join(folder, name), text)
    chmodSync(join(folder, name), 0o755)
  }
  const watch = (version = () => '1.1') =>
    new ComponentWatch({
      programs: [{ name: 'runc', paths: [join(folder, 'missing'), join(folder, 'runc')] }],
      configurations: [
        { name: 'containerd configuration', path: join(folder, 'config.toml') },
        { name: 'CNI configuration', path: join(folder, 'cni') },
      ],
      packagesOf: async () => new Map([[join(folder, 'runc'), { name: 'runc', version: version() }]]),
      clock,
      log: silentLogger,
    })

  test('records programs and configurations with hash and package', async () => {
    const components = watch()
    assert.deepEqual([components.components, components.drift], [[], []])
    await components.look()
    assert.deepEqual(
      components.components.map(({ name, package: from }) => [name, from?.version]),
      [
        ['runc', '1.1'],
        ['containerd configuration', undefined],
        ['CNI configuration 10-net.conflist', undefined],
      ],
    )
    assert.match(components.components[0]?.sha256 ?? '', /^[0-9a-f]{64}$/)
    await components.look()
    assert.deepEqual(components.drift, [])
  })

  test('names changed, replaced, further and missing files, and ends the drift when they are as before', async () => {
    const components = watch()
    await components.look()
    program('runc', 'two')
    await components.look()
    assert.match(components.drift.join(), /^runc ".*runc" has other bytes: it is not that of runc 1\.1 any more/)
    program('runc', 'one')
    writeFileSync(join(folder, 'config.toml'), 'a = 2')
    writeFileSync(join(folder, 'cni', '99-evil.conf'), '{}')
    await components.look()
    assert.match(
      components.drift.join('\n'),
      /^containerd configuration ".*config\.toml" has other bytes; install it again.*\nCNI configuration 99-evil\.conf ".*" is new/,
    )
    writeFileSync(join(folder, 'config.toml'), 'a = 1')
    rmSync(join(folder, 'cni', '99-evil.conf'))
    await components.look()
    assert.deepEqual(components.drift, [])
    rmSync(join(folder, 'runc'))
    symlinkSync(join(folder, 'config.toml'), join(folder, 'other'))
    await components.look()
    assert.match(components.drift.join(), /^runc ".*runc" is missing: install it again/)
  })

  test('hold() compares programs with those of the last run, also after further restarts, and configurations with those of the start', async () => {
    const last = watch()
    await last.look()
    program('runc', 'two')
    writeFileSync(join(folder, 'config.toml'), 'a = 2')
    const free = watch()
    await free.look()
    assert.deepEqual(free.drift, [])
    let before = last.recorded
    for (let restart = 1; restart <= 2; restart++) {
      const held = watch()
      held.hold(before)
      await held.look()
      assert.match(
        held.drift.join('\n'),
        /^runc ".*runc" has other bytes: .*; install it again, or set the annotation bulkhead\.dev\/component-policy=Accept on the Node and restart it to accept it$/,
      )
      before = held.recorded
    }
    program('runc', 'one')
    const mended = watch()
    mended.hold(before)
    await mended.look()
    assert.deepEqual(mended.drift, [])
    assert.deepEqual(mended.recorded, mended.components)
  })

  test('holdsComponents() holds by everything but Accept', () => {
    assert.deepEqual([undefined, 'Accept', 'Hold', 'hold', ''].map(holdsComponents), [false, false, true, true, true])
  })

  test('hashes again what was touched, and all of it after an hour', async () => {
    const components = watch()
    await components.look()
    program('runc', 'two')
    utimesSync(join(folder, 'runc'), 1, 1)
    await components.look()
    assert.equal(components.drift.length, 1)
    hour++
    await components.look()
    assert.equal(components.drift.length, 1)
  })
})

test('componentFindings() takes the advisories of the distribution by source package and version, not upstream versions', () => {
  const distribution = { id: 'debian', version: '13' }
  const runc = (version: string): Component => ({
    ...{ name: 'runc', path: '/usr/sbin/runc', sha256: 'a' },
    package: { name: 'runc', version, source: { name: 'runc', version }, distribution },
  })
  const lookup: AdvisoryLookup = {
    advisoriesOf: (ecosystem, name) =>
      ecosystem === 'debian:13' && name === 'runc'
        ? [
            {
              ...{ id: 'CVE-2025-31133', source: 'debian', cves: ['CVE-2025-31133'], severity: 'high', versions: [] },
              ranges: [
                [
                  ['introduced', '0'],
                  ['fixed', '1.1.15+ds1-2+deb13u2'],
                ],
              ],
            },
          ]
        : [],
    exploitProbability: () => undefined,
    isExploited: () => false,
  }
  assert.deepEqual(componentFindings(runc('1.1.15+ds1-2+deb13u1'), lookup), [
    { advisory: 'CVE-2025-31133', severity: 'high', fixedVersion: '1.1.15+ds1-2+deb13u2' },
  ])
  // Debian fixed it in an older version than upstream did.
  assert.deepEqual(componentFindings(runc('1.1.15+ds1-2+deb13u2'), lookup), [])
  assert.deepEqual(knownWeaknesses(runc('1.1.15+ds1-2+deb13u2')).includes('CVE-2025-31133'), true)
  // Nothing is known of a package that no source has, nor of another distribution.
  assert.equal(componentFindings({ ...runc('1'), package: { name: 'crun', version: '1', distribution } }, lookup), undefined)
  assert.equal(componentFindings({ ...runc('1'), package: { name: 'runc', version: '1' } }, lookup), undefined)
})

test('the table of weaknesses names the advisory of each line', () => {
  for (const { id, advisory } of table) {
    assert.match(id, /^CVE-\d{4}-\d{4,}$/)
    assert.match(advisory, /^GHSA(?:-[23456789cfghjmpqrvwx]{4}){3}$/)
  }
})
