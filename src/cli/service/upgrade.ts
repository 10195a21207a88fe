// `bulkhead upgrade`: the service runs this build from now on; if it does not start, the build and the state from before are put back.
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import { syncToDisk } from '../../base/files/sync-to-disk.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import { runProgram } from '../../network/command.ts'
import { compareNpmVersions } from '../../supply-chain/versions/npm.ts'
import { bulkheadVersion } from '../terminal/version.ts'
import { type Print, removeUnusedBuilds, unitOf, writeUnit } from './install.ts'
import { copyBuild, currentBuild, runningBuild, switchTo } from './installed-code.ts'
import { defaultName, type Earlier, libraryOf, readRecord, type ServiceRecord } from './service-record.ts'
import { requireSystemd, startUnit, stopUnit } from './systemd.ts'

export interface UpgradeFlags {
  readonly name?: string
  readonly back?: boolean
}

export async function upgrade({ name = defaultName, back = false }: UpgradeFlags, clock: Clock, print: Print): Promise<void> {
  await requireSystemd()
  const record = await readRecord(name)
  const running = currentBuild(libraryOf(name))
  if (record === undefined || running === undefined)
    throw new UserError(`There is no service "${name}" of Bulkhead: "bulkhead service install" makes one`)
  await (back ? goBack(record, print) : goOn(record, running, clock, print))
}

async function goOn(record: ServiceRecord, running: string, clock: Clock, print: Print): Promise<void> {
  const { name, dataDirectory } = record
  const library = libraryOf(name)
  const build = runningBuild(bulkheadVersion)
  if (build.id === running) throw new UserError(`${unitOf(name)} runs this build (${running}) already: run the command of the newer one`)
  if ((compareNpmVersions(bulkheadVersion, record.version) ?? 0) < 0)
    throw new UserError(
      `This build (${build.id}) is older than the one that runs (${running}), and it may not read its data: "bulkhead upgrade --back" returns to what ran before`,
    )
  await copyBuild(build, library)
  print(`Stopping ${unitOf(name)}, pods run on …`)
  await stopUnit(unitOf(name))
  const before: Earlier = {
    build: running,
    version: record.version,
    isPackage: record.isPackage,
    state: `${dataDirectory}.before-upgrade`,
    at: new Date(clock.now()).toISOString(),
  }
  try {
    await saveState(dataDirectory, before.state)
    await switchTo(library, build.id)
    const next = { ...record, version: bulkheadVersion, isPackage: build.isPackage, before }
    await writeUnit(next)
    await startUnit(unitOf(name))
    removeUnusedBuilds(next)
  } catch (err) {
    print(`${build.id} did not start: ${messageOf(err)}`)
    print(`Going back to ${running} …`)
    await returnTo(record, before)
    throw new UserError(`The upgrade failed, and ${running} runs again with the state from before it`, { cause: err })
  }
  print(`${unitOf(name)} runs ${build.id}. "bulkhead upgrade --back" returns to ${running} with the state of ${before.at}.`)
}

async function goBack(record: ServiceRecord, print: Print): Promise<void> {
  const { name, before } = record
  if (before === undefined || !existsSync(before.state)) throw new UserError(`There is no state from before an upgrade of ${unitOf(name)}`)
  print(`Stopping ${unitOf(name)} …`)
  await stopUnit(unitOf(name))
  await returnTo({ ...record, before: undefined }, before)
  print(`${unitOf(name)} runs ${before.build} again, with the state of ${before.at}: writes since then are gone.`)
}

/** Repeatable: the copy goes only when the earlier build runs. */
async function returnTo(record: ServiceRecord, before: Earlier): Promise<void> {
  await stopUnit(unitOf(record.name))
  if (existsSync(before.state)) await restoreState(before.state, record.dataDirectory)
  await switchTo(libraryOf(record.name), before.build)
  const earlier = { ...record, version: before.version, isPackage: before.isPackage }
  await writeUnit(earlier)
  await startUnit(unitOf(record.name))
  rmSync(before.state, { recursive: true, force: true })
  removeUnusedBuilds(earlier)
}

/** What a start makes anew, and what pods use meanwhile: images and volumes stay where they are. */
const notState = new Set(['run', 'lib', 'node'])

/** With owners and modes; what the file system can share is not copied. */
async function saveState(from: string, to: string): Promise<void> {
  rmSync(to, { recursive: true, force: true })
  mkdirSync(to, { mode: 0o700 })
  for (const name of readdirSync(from).filter(name => !notState.has(name))) await copyAll(join(from, name), to)
  await syncToDisk(to)
}

async function restoreState(from: string, to: string): Promise<void> {
  for (const name of readdirSync(from)) {
    rmSync(join(to, name), { recursive: true, force: true })
    await copyAll(join(from, name), to)
  }
}

const copyAll = (path: string, folder: string): Promise<unknown> =>
  runProgram('cp', ['--archive', '--reflink=auto', '--', path, folder], '', copyTimeoutMs)

const copyTimeoutMs = 10 * 60_000
