import CKernels

/// The tiles of m x m results that cover a batch of planes, counted row by row and picture by picture.
struct TileGrid: Sendable {
  /// Columns of a packed panel.
  static let panel = 32

  /// m.
  let tile: Int
  let pictures: Int
  let height: Int
  let width: Int

  /// Of a picture.
  var rows: Int { (height + tile - 1) / tile }
  var columns: Int { (width + tile - 1) / tile }

  /// All tiles.
  var count: Int { pictures * rows * columns }
  /// Of a transformed tile.
  var positions: Int { (tile + 2) * (tile + 2) }

  /// All tiles in equal blocks of whole panels, so that a batch shares the weights, and little is multiplied in vain.
  ///
  /// - Parameter limit: tiles of a block, a multiple of a panel.
  func blocks(of limit: Int) -> [TileBlock] {
    let part = Compute.tile(count, limit: limit, multiple: Self.panel)
    return (0..<part.count).map {
      TileBlock(grid: self, tiles: $0 * part.size..<min(count, ($0 + 1) * part.size))
    }
  }
}

/// Tiles that are multiplied together.
struct TileBlock: Sendable {
  /// Tiles of one picture that lie in a rectangle.
  struct Run: Sendable {
    let picture: Int
    let tiles: ck_tiles
    /// Where its tiles begin among those of the block.
    let offset: Int
  }

  let grid: TileGrid
  let runs: [Run]
  private let count: Int

  /// - Parameter tiles: from the first of a row on, where several rows share a register.
  init(grid: TileGrid, tiles: Range<Int>) {
    self.grid = grid
    count = tiles.count
    let ofPicture = grid.rows * grid.columns
    var runs: [Run] = []
    var next = tiles.lowerBound
    while next < tiles.upperBound {
      let (picture, index) = next.quotientAndRemainder(dividingBy: ofPicture)
      let (row, column) = index.quotientAndRemainder(dividingBy: grid.columns)
      let left = min(tiles.upperBound - next, ofPicture - index)
      let wholeRows = column == 0 ? left / grid.columns : 0
      let columns = wholeRows > 0 ? grid.columns : min(left, grid.columns - column)
      let rows = max(1, wholeRows)
      runs.append(
        Run(
          picture: picture, tiles: ck_tiles(row: row, rows: rows, column: column, columns: columns),
          offset: next - tiles.lowerBound))
      next += rows * columns
    }
    self.runs = runs
  }

  var panels: Int { (count + TileGrid.panel - 1) / TileGrid.panel }

  /// Tiles as they are transformed, sixteen at a time.
  var padded: Int { (count + 15) / 16 * 16 }

  /// From a value of all tiles to the next, with room behind the last run.
  var stride: Int { padded + 16 }

  /// The tiles of a panel that are multiplied.
  func columns(ofPanel panel: Int) -> Int { min(TileGrid.panel, padded - panel * TileGrid.panel) }

  /// From one position of transformed values to the next, for so many values a panel and tile. Not a power of two: those
  /// of one tile would share a few sets of the cache.
  func positionStride(_ values: Int) -> Int { panels * values * TileGrid.panel + 16 }
}
