import Tensor

/// Who looks over the weights of a part, for a report: is told what would else be thrown, and says what stands for the
/// tensors.
protocol WeightInspector: AnyObject, Sendable {
  /// Takes note of a file that cannot be read, and of the tensors that an index places in it.
  func note(_ error: UnCLIPError, unread tensors: Set<String>)

  /// Takes note of a tensor that is not what was asked for.
  ///
  /// - Parameter folder: of the part.
  func note(_ fault: TensorFault, in folder: String) throws(UnCLIPError)

  /// What stands for a tensor that was asked for, whatever the file has.
  func tensor(_ name: String, shape: [Int], in folder: String) throws(UnCLIPError) -> Tensor
}
