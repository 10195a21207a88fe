// `bulkhead service install|uninstall`: the cluster as services of systemd, each part in a sandbox of its own.
import { existsSync, mkdirSync, realpathSync, rmSync } from 'node:fs'
import { resolve, sep } from 'node:path'
import { createConfig, parseSettings, readSettingsFile, thisMachine } from '../../base/config/config.ts'
import { ensureFile } from '../../base/files/replace-file.ts'
import { UserError } from '../../base/user-error.ts'
import { runProgram } from '../../network/command.ts'
import { findUp } from '../connection/find-cluster.ts'
import { bulkheadVersion } from '../terminal/version.ts'
import { layout } from '../up/data-directory.ts'
import { giveFolder } from '../up/give-folder.ts'
import { partIdentity } from '../up/part-identities.ts'
import { type Build, commandOf, copyBuild, currentBuild, removeOtherBuilds, runningBuild, switchTo } from './installed-code.ts'
import { createUsers, removeUsers } from './part-users.ts'
import { defaultName, libraryOf, readRecord, type ServiceRecord, writeRecord } from './service-record.ts'
import { hiddenFolders, serviceUnit, unitPath } from './service-unit.ts'
import { reloadUnits, requireSystemd, startUnit, stopUnit } from './systemd.ts'

export interface InstallFlags {
  readonly name?: string
  readonly dataDir?: string
  readonly config?: string
  readonly start?: boolean
}

export type Print = (line: string) => void

export async function installService(
  { name = defaultName, dataDir, config: file, start = true }: InstallFlags,
  print: Print,
): Promise<void> {
  const settings = parseSettings('flags', { systemdService: name, ...(dataDir === undefined ? {} : { dataDir }) })
  await requireSystemd()
  const path = file === undefined ? undefined : realpathOf(file)
  const { dataDirectory } = createConfig(thisMachine(process.env), path === undefined ? {} : await readSettingsFile(path), settings)
  requireVisible(dataDirectory, 'data directory')
  if (path !== undefined) requireVisible(path, 'configuration file')
  const library = libraryOf(name)
  if (currentBuild(library) !== undefined)
    throw new UserError(`There is a service "${name}" already: use "bulkhead upgrade", or first "bulkhead service uninstall"`)
  // What an interrupted install left has a record. Anything else of this name is not ours to overwrite, nor to remove if this fails.
  const foreign = (await readRecord(name)) === undefined ? [library, unitPath(name)].find(path => existsSync(path)) : undefined
  if (foreign !== undefined)
    throw new UserError(`"${foreign}" is there and not of Bulkhead: choose another name for the service with --name`)
  if ((await findUp(layout(dataDirectory))) !== undefined)
    throw new UserError(`A cluster runs in "${dataDirectory}": stop it first (Ctrl-C where it runs), its data stays`)
  const build = runningBuild(bulkheadVersion)
  const record = { name, dataDirectory, config: path, version: bulkheadVersion, isPackage: build.isPackage, before: undefined }
  try {
    await setUp(record, build)
    print(`Installed ${unitOf(name)}: code in ${library}, data in ${dataDirectory}.`)
    if (!start) return print(`Start it with "systemctl start ${name}".`)
    await startUnit(unitOf(name))
  } catch (err) {
    // Otherwise it would be started again and again, or half of it would stay.
    await removeService(name, dataDirectory)
    throw err
  }
  print(`It runs, each part as ${name}-PART.service in a sandbox of its own ("systemd-analyze security '${name}*'").`)
  print(`kubeconfig: ${layout(dataDirectory).kubeconfig}`)
}

async function setUp(record: ServiceRecord, build: Build): Promise<void> {
  const { name, dataDirectory } = record
  mkdirSync(libraryOf(name), { recursive: true, mode: 0o755 })
  await writeRecord(record)
  await copyBuild(build, libraryOf(name))
  await switchTo(libraryOf(name), build.id)
  // The sandbox binds it, so it has to be there; `up` sets the modes, and keeps the users by the owner of the signer's folder.
  const { signer } = layout(dataDirectory)
  const identity = partIdentity(dataDirectory, signer)
  mkdirSync(signer, { recursive: true, mode: 0o755 })
  await giveFolder(signer, identity.signer)
  await createUsers(name, identity)
  await writeUnit(record)
  await runProgram('systemctl', ['enable', '--quiet', unitOf(name)])
}

export const unitOf = (name: string): string => `${name}.service`

/** The unit's file and the record, for the build that `current` leads to. */
export async function writeUnit(record: ServiceRecord): Promise<void> {
  await ensureFile(unitPath(record.name), serviceUnit(record, commandOf(libraryOf(record.name), record.isPackage)), 0o644)
  await writeRecord(record)
  await reloadUnits()
}

export async function uninstallService({ name = defaultName }: Pick<InstallFlags, 'name'>, print: Print): Promise<void> {
  parseSettings('flags', { systemdService: name })
  await requireSystemd()
  const record = await readRecord(name)
  if (record === undefined) throw new UserError(`There is no service "${name}" of Bulkhead`)
  await removeService(name, record.dataDirectory)
  print(`Removed ${unitOf(name)} and its code.`)
  print(`The data stays in ${record.dataDirectory}: "bulkhead reset --data-dir ${record.dataDirectory}" removes it.`)
}

/** Repeatable: the code and the record go last. */
async function removeService(name: string, dataDirectory: string): Promise<void> {
  if (existsSync(unitPath(name))) {
    await stopUnit(unitOf(name))
    await runProgram('systemctl', ['disable', '--quiet', unitOf(name)])
  }
  rmSync(unitPath(name), { force: true })
  await reloadUnits()
  await removeUsers(name, partIdentity(dataDirectory, layout(dataDirectory).signer))
  rmSync(libraryOf(name), { recursive: true, force: true })
}

/** Keeps the builds that the record needs. */
export function removeUnusedBuilds({ name, before }: ServiceRecord): void {
  const current = currentBuild(libraryOf(name))
  removeOtherBuilds(libraryOf(name), [...(current === undefined ? [] : [current]), ...(before === undefined ? [] : [before.build])])
}

function realpathOf(file: string): string {
  if (!existsSync(file)) throw new UserError(`The configuration file "${file}" does not exist`)
  return realpathSync(file)
}

function requireVisible(path: string, what: string): void {
  const hidden = hiddenFolders.find(folder => `${resolve(path)}${sep}`.startsWith(`${folder}${sep}`))
  if (hidden !== undefined)
    throw new UserError(
      `The ${what} "${path}" is below ${hidden}, which services do not see: choose another place, such as /var/lib/bulkhead`,
    )
}
