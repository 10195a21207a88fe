// The administrator's admission settings, in a form that can be passed between processes.
import { UserError } from '../base/user-error.ts'
import { type PluginConfiguration, readAdmissionConfiguration } from './configuration.ts'
import { enabledPlugins, type PluginSwitches } from './enabled-plugins.ts'
import { defaultPolicy } from './pod-security/configuration.ts'

export interface AdmissionSettings extends PluginSwitches {
  /** The content of an AdmissionConfiguration; undefined if there is none. */
  readonly configuration?: unknown
}

/** Throws a UserError that names the fault. */
export function admissionSettings(
  profile: 'secure' | 'upstream',
  settings: AdmissionSettings = {},
): { readonly enabled: ReadonlySet<string>; readonly configuration: PluginConfiguration } {
  const configuration = settings.configuration === undefined ? {} : readAdmissionConfiguration(settings.configuration)
  defaultPolicy(profile, configuration.podSecurity)
  const enabled = enabledPlugins(profile, settings)
  if (enabled.has('ImagePolicyWebhook') && configuration.imagePolicy === undefined) {
    throw new UserError(
      'enableAdmissionPlugins: "ImagePolicyWebhook" needs a configuration that leads to a backend: see admissionConfigFile',
    )
  }
  return { enabled, configuration }
}
