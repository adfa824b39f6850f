/// A safetensors file with one tensor of single precision, whether the shape fits the values or not.
package func safetensorsBytes(_ values: [Float], shape: [Int]) -> [UInt8] {
  var header = Array(
    "{\"e\":{\"dtype\":\"F32\",\"shape\":\(shape),\"data_offsets\":[0,\(4 * values.count)]}}".utf8)
  while header.count % 8 != 0 { header.append(UInt8(ascii: " ")) }
  let bytes = values.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }
  return withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header + bytes
}
