// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice An asset of six decimals that anyone mints, without permit.
contract PlainAsset is ERC20 {
    uint8 private immutable _DECIMALS;

    constructor(uint8 decimals_) ERC20("Plain", "PLAIN") {
        _DECIMALS = decimals_;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function decimals() public view override returns (uint8) {
        return _DECIMALS;
    }
}

/// @notice Takes `fee` base units of every transfer on the way; a negative fee adds to it.
contract FeeAsset is PlainAsset {
    int256 public fee;

    constructor() PlainAsset(6) {}

    function setFee(int256 fee_) external {
        fee = fee_;
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (from == address(0) || to == address(0)) return;
        if (fee > 0) super._update(to, address(0), uint256(fee));
        if (fee < 0) super._update(address(0), to, uint256(-fee));
    }
}

/// @notice Calls `target` with `data` in the middle of every transfer, as tokens with hooks do, and keeps what came of it.
contract HookAsset is PlainAsset {
    address public target;
    bytes public data;
    bool public succeeded;
    bytes public answer;

    constructor() PlainAsset(6) {}

    function arm(address target_, bytes calldata data_) external {
        target = target_;
        data = data_;
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (target == address(0) || from == address(0)) return;
        (succeeded, answer) = target.call(data);
    }
}

/// @notice Says false in place of failing, and moves nothing.
contract FalseAsset is PlainAsset {
    constructor() PlainAsset(6) {}

    function transferFrom(address, address, uint256) public pure override returns (bool) {
        return false;
    }
}
