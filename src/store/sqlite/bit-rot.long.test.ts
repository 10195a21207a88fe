import assert from 'node:assert/strict'
import { copyFile, mkdir, mkdtemp, open as openFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { put, testResource } from '../objects.fixture.ts'
import { testSealer } from '../records/sealer.testing.ts'
import { openSqliteStore } from './sqlite-store.ts'

const parent = await mkdtemp(join(tmpdir(), 'bit-rot-'))
after(() => rm(parent, { recursive: true }))

const objects = 60
/** A prime number, so that the flips fall on all parts of pages. */
const stride = 2053

const open = (directory: string) => openSqliteStore({ directory, sealer: testSealer(), clock: systemClock, log: silentLogger })

async function contents(directory: string): Promise<string> {
  await using store = await open(directory)
  const pods = store.collection(testResource)
  return Array.from({ length: objects }, (_, index) => pods.get('default', `p${index}`))
    .map(entry => `${entry?.revision} ${entry?.bytes}`)
    .join('\n')
}

test('a store with one flipped bit is refused with a clear message, or is intact: no wrong data is served', async () => {
  const whole = join(parent, 'whole')
  await mkdir(whole)
  {
    await using store = await open(whole)
    const pods = store.collection(testResource)
    for (let index = 0; index < objects; index++) await put(pods, `p${index}`, { data: { fill: 'x'.repeat(500) } })
  }
  const wanted = await contents(whole)
  const { size } = await stat(join(whole, 'store.db'))
  let refused = 0
  for (let at = 0, round = 0; at < size; at += stride, round++) {
    const directory = join(parent, `flipped-${round}`)
    await mkdir(directory)
    const file = join(directory, 'store.db')
    await copyFile(join(whole, 'store.db'), file)
    await flip(file, at, round % 8)
    const outcome = await contents(directory).catch((err: unknown) => err)
    if (outcome instanceof Error) {
      refused++
      assert.match(
        outcome.message,
        /changed after it was written|damaged|not a store|cut short|missing|swapped|has store format/,
        `byte ${at}`,
      )
    } else assert.equal(outcome, wanted, `byte ${at}`)
    await rm(directory, { recursive: true })
  }
  assert.ok(refused > 5, `${refused} refused`)
})

async function flip(path: string, at: number, bit: number): Promise<void> {
  await using file = await openFile(path, 'r+')
  const byte = Buffer.alloc(1)
  await file.read(byte, 0, 1, at)
  byte[0] = (byte[0] ?? 0) ^ (1 << bit)
  await file.write(byte, 0, 1, at)
}
