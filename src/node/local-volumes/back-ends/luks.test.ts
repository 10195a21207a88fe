// Without a device mapper: the programs that need one are recorded, the others run.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ProgramFailed, type RunVolumeProgram, runVolumeProgram } from '../program.ts'
import { volumePlace } from '../volume-place.ts'
import { luks } from './luks.ts'

const key = Buffer.alloc(64, 3)

interface Call {
  readonly command: string
  readonly hasKey: boolean
}

function recorded(runs: (command: string) => boolean) {
  const calls: Call[] = []
  const run: RunVolumeProgram = async (program, args, input) => {
    const command = [program, ...args].join(' ')
    calls.push({ command, hasKey: input?.equals(key) === true })
    return runs(command) ? await runVolumeProgram(program, args, input) : ''
  }
  return { calls, run }
}

test('luks formats a device with the key from standard input, and no other key opens it', async t => {
  if (!existsSync('/usr/sbin/cryptsetup') && !existsSync('/sbin/cryptsetup')) return t.skip('cryptsetup is not installed')
  const root = await mkdtemp(join(tmpdir(), 'luks-'))
  t.after(() => rm(root, { recursive: true }))
  const place = volumePlace({ volumes: root, mounts: root, nodeId: 'n' }, 'v')
  await mkdir(place.folder)
  await writeFile(place.image, '')
  await truncate(place.image, 32 * 2 ** 20)
  const { calls, run } = recorded(command => command.includes('luksFormat'))
  await luks.format(place, key, run)
  assert.deepEqual(
    calls.map(({ command }) => command.split(' ').slice(0, 2).join(' ')),
    ['cryptsetup luksFormat', 'cryptsetup open', 'mkfs.ext4 -q', 'cryptsetup close'],
  )
  const secrets = [key.toString('hex'), key.toString('base64'), key.toString('latin1')]
  for (const { command, hasKey } of calls) {
    assert.equal(hasKey, /luksFormat|open/.test(command), command)
    assert.ok(!secrets.some(secret => command.includes(secret)), command)
  }
  assert.ok(calls[2]?.command.endsWith(' /dev/mapper/bulkhead-n-v'))
  assert.equal((await readFile(place.image)).subarray(0, 4).toString('latin1'), 'LUKS')
  const open = (secret: Buffer) =>
    runVolumeProgram('cryptsetup', ['open', '--test-passphrase', '--key-file', '-', '--batch-mode', place.image], secret)
  await open(key)
  await assert.rejects(open(Buffer.alloc(64, 4)), ProgramFailed)
})

test('luks unmounts before it closes the device, and grows loop, device and file system in this order', async () => {
  const place = volumePlace({ volumes: '/nowhere', mounts: '/nowhere', nodeId: 'n' }, 'v')
  const calls: string[] = []
  const run: RunVolumeProgram = async (program, args, input) => {
    calls.push(`${program} ${args.join(' ')}${input === undefined ? '' : ' <key'}`)
    return args.includes('--associated') ? '/dev/loop7\n' : ''
  }
  await luks.grow(place, key, run)
  assert.deepEqual(calls, [
    'losetup --noheadings --output NAME --associated /nowhere/v/image',
    'losetup --set-capacity /dev/loop7',
    'cryptsetup resize --key-file - --batch-mode bulkhead-n-v <key',
    'resize2fs /dev/mapper/bulkhead-n-v',
  ])
  calls.length = 0
  await luks.close(place, run)
  assert.deepEqual(calls, [], 'nothing is mounted, and there is no device')
})
