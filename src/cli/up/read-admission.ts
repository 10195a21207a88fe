// Reads and validates the admission settings before anything starts, so that an invalid file gives a message and not a server that dies.
import { dirname, resolve } from 'node:path'
import type { AdmissionSettings } from '../../admission/admission-settings.ts'
import type * as late from '../../admission/admission-settings-late.ts'
import { withFileContents } from '../../admission/webhook/client-identity.ts'
import { readYaml as parse, YamlError } from '../../api/schema/yaml.ts'
import { requireLate } from '../../base/async/late-module.ts'
import type { Config } from '../../base/config/config.ts'
import { isJsonObject } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'
import { readSettingsText } from './settings-text.ts'

export function readAdmission(config: Config): AdmissionSettings {
  const { enableAdmissionPlugins, disableAdmissionPlugins, insecureDisableAdmissionPlugins, admissionConfigFile } = config
  const settings: AdmissionSettings = {
    enable: enableAdmissionPlugins,
    disable: disableAdmissionPlugins,
    insecureDisable: insecureDisableAdmissionPlugins,
    ...(admissionConfigFile === undefined ? {} : { configuration: readConfiguration(resolve(admissionConfigFile)) }),
  }
  if (hasSettings(settings)) {
    const { admissionSettings } = requireLate<typeof late>(import.meta.url, '../../admission/admission-settings-late.ts')
    admissionSettings(config.profile, settings)
  }
  return settings
}

const hasSettings = ({ enable = [], disable = [], insecureDisable = [], configuration }: AdmissionSettings): boolean =>
  enable.length + disable.length + insecureDisable.length > 0 || configuration !== undefined

/** Includes the content of files that plug-ins name by `path`, which is relative to the folder of the file. */
function readConfiguration(path: string): unknown {
  const file = readYaml(path)
  const plugins = isJsonObject(file) ? file['plugins'] : undefined
  if (!isJsonObject(file) || !Array.isArray(plugins)) return file
  return {
    ...file,
    plugins: plugins.map((plugin: unknown) => {
      if (!isJsonObject(plugin)) return plugin
      const named = typeof plugin['path'] === 'string' && plugin['path'] !== '' ? resolve(dirname(path), plugin['path']) : undefined
      const configuration = named === undefined ? plugin['configuration'] : readYaml(named)
      return { ...plugin, configuration: withKubeconfigs(configuration, dirname(named ?? path)) }
    }),
  }
}

/** Embeds kubeconfigs of plug-ins that call webhooks, because the part that uses them may not be able to read the files. */
function withKubeconfigs(configuration: unknown, folder: string): unknown {
  if (!isJsonObject(configuration)) return configuration
  const { kubeConfigFile, imagePolicy, ...rest } = configuration
  return {
    ...rest,
    ...(imagePolicy === undefined ? {} : { imagePolicy: withKubeconfigs(imagePolicy, folder) }),
    ...(typeof kubeConfigFile === 'string' ? { kubeConfigFile, kubeConfig: readKubeconfig(resolve(folder, kubeConfigFile)) } : {}),
  }
}

function readKubeconfig(path: string): unknown {
  return withFileContents(readYaml(path), file => readText(resolve(dirname(path), file)))
}

function readYaml(path: string): unknown {
  const text = readText(path)
  // The message has the line but no content, because a kubeconfig may contain a token.
  const refuse = (why: string, cause?: unknown) => new UserError(`The admission configuration "${path}" is not YAML: ${why}`, { cause })
  try {
    const { value, duplicate } = parse(text)
    if (duplicate !== undefined) throw refuse(duplicate)
    return value
  } catch (err) {
    throw err instanceof YamlError ? refuse(err.message, err) : err
  }
}

const readText = (path: string): string => readSettingsText(path, `the admission configuration "${path}"`)
