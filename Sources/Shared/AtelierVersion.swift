/// The version of this software, as `atelier --version` prints it and workers announce it.
package enum AtelierVersion {
  package static let current = "0.1.0"
}
