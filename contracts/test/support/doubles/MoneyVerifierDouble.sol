// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Simulates `QuorumVerifier` for the tests of money: the set of operators is set.
contract MoneyVerifierDouble {
    uint64 public currentEpoch;
    mapping(uint64 epoch => uint256) public struckOf;
    address[5] private _operators;

    function set(uint64 epoch, address[5] calldata operators_) external {
        currentEpoch = epoch;
        _operators = operators_;
    }

    function strike(uint64 epoch, uint256 struck) external {
        struckOf[epoch] = struck;
    }

    function operators() external view returns (address[5] memory) {
        return _operators;
    }
}
