// Reads the file of `--backup` before anything starts, so that a mistake in it gives a message and not a part that dies.
import { dirname, resolve } from 'node:path'
import { parseBackupSettings, withFileContents } from '../../backup/backup-settings.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import { readSettingsText } from './settings-text.ts'

export interface BackupOfRun {
  readonly file: string
  readonly recipients: readonly string[]
  /** Folders of this machine to which backups go. */
  readonly folders: readonly string[]
  /** With the contents of the files that it names: the part may not read them. */
  readonly settings: unknown
}

/** Undefined if no file is set. */
export async function backupOfRun(file: string | undefined): Promise<BackupOfRun | undefined> {
  if (file === undefined) return undefined
  const settings = await readBackupFile(file)
  const { recipients, targets } = parseBackupSettings(settings, file)
  return { file, settings, recipients, folders: targets.flatMap(({ writes }) => writes) }
}

/** The content of the file, with those of the files that it names, which are relative to it. */
export async function readBackupFile(file: string): Promise<unknown> {
  const text = readSettingsText(file, `the file of backups "${file}"`, { refusesOpen: true })
  // Loaded only if there is a file.
  const { load } = await import('js-yaml')
  let content: unknown
  try {
    content = load(text)
  } catch (err) {
    throw new UserError(`Cannot read the file of backups "${file}": ${messageOf(err)}`, { cause: err })
  }
  return await withFileContents(content, async path => readSettingsText(resolve(dirname(file), path), `"${path}", which "${file}" names`))
}
