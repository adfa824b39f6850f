import Shared

extension Stage {
  /// Its place in arrays that have one for each stage.
  var place: Int {
    switch self {
    case .embed: 0
    case .denoise: 1
    case .upsample: 2
    }
  }
}
